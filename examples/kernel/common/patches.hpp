// SPDX-License-Identifier: BSL-1.0
//
// patches: what apply() has left in the text, counted.
//
// What. The features that sites ask about; and how many alternatives have another form than their original.
// Why. A report of a patcher that repeats its intentions says nothing. This one reads the text.
// How. The tables of the image, and decide()'s own function for the bytes of a form.
#pragma once

#include "print.hpp"
#include "types.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

struct alternative_counts {
    u32 all;
    u32 exchanged; ///< have another form than their original
};

/// Calls `indirect(site, length)` for each alternative whose original is an indirect call; counts the others.
template <class Function>
[[nodiscard]] alternative_counts count_alternatives(const inlay::table::tables& tables, Function&& indirect) noexcept {
    using namespace inlay;
    alternative_counts counts{};
    for (size_t i = 0; i < tables.alternatives.size(); ++i) {
        const auto& record = tables.alternatives.records[i];
        const auto* each = reinterpret_cast<const table::choice*>(record.choices.target());
        const unsigned length = each->length;
        while (each->otherwise) {
            each = reinterpret_cast<const table::choice*>(each->otherwise.target());
        }
        const auto& original = *reinterpret_cast<const table::form*>(each->form.target());
        const auto* const now = reinterpret_cast<const u8*>(record.site.target());
        if (original.kind == table::form_kind::indirect_call) {
            indirect(now, length);
            continue;
        }
        patch bytes{};
        bool same = place(original, record.site.target(), length, bytes) == error::no_error;
        for (unsigned at = 0; at < length; ++at) {
            same = same && now[at] == bytes.bytes[at];
        }
        counts.all += 1;
        counts.exchanged += same ? 0U : 1U;
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
