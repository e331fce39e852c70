// SPDX-License-Identifier: BSL-1.0
//
// patches: counts the forms that apply() has left in the text.
//
// What. The features that sites ask about; and how many alternatives have another form than their original.
// Why. A report of a patcher that repeats its intentions says nothing. This one reads the text.
// How. inlay::inspect() says which form stands at a site.
#pragma once

#include "print.hpp"
#include "types.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

struct alternative_counts {
    u32 all;
    u32 exchanged; ///< have another form than their original
};

/// Whether the site is that of a paravirt operation: its original form is a call through a pointer.
[[nodiscard]] bool is_operation(const inlay::table::alternative_record& record) noexcept;

/// Counts the alternatives of the image. Calls `operation(form)` for each one that is a paravirt operation's, in place of
/// counting it.
template <class Platform, class Function>
[[nodiscard]] alternative_counts count_alternatives(const Platform& platform, Function&& operation) noexcept {
    using inlay::standing;
    const inlay::table::tables tables = inlay::this_image();
    alternative_counts counts{};
    for (size_t i = 0; i < tables.alternatives.size(); ++i) {
        const inlay::table::alternative_record& record = tables.alternatives.records[i];
        if (is_operation(record)) {
            operation(inlay::inspect(platform, tables, record).form);
            continue;
        }
        counts.all += 1;
        counts.exchanged += inlay::inspect(platform, tables, record).form == standing::original ? 0U : 1U;
    }
    return counts;
}

/// Prints each feature once.
class feature_list {
public:
    void add(const inlay::table::feature_record& feature) noexcept;

private:
    const inlay::table::feature_record* seen_[64]{};
    unsigned count_{};
};

/// Prints the features that sites ask about: "features: +bti -sve".
template <class Platform>
void print_features(const Platform& platform) noexcept {
    feature_list list;
    print("features:");
    inlay::for_each_used_feature(inlay::this_image(), platform,
                                 [&](const auto& feature) noexcept { list.add(feature); });
    print("\n");
}

} // namespace kernel
