// SPDX-License-Identifier: BSL-1.0
//
// feature_values: the features in use, and their values on a model of a CPU.
#pragma once

#include "inlay/apply/probe.hpp"
#include "inlay/decide.hpp"
#include "inlay/override.hpp"
#include "inlay/report/architectures.hpp"
#include "inlay/report/cpu_model.hpp"
#include "inlay/report/shown.hpp"
#include "inlay/report/symbols.hpp"
#include "inlay/report/wording.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {
namespace detail {

/// The values of the features in use, for evaluate().
class feature_values {
public:
    template <class Image>
    feature_values(const table::tables& tables, const Image& image, const cpu_model& model, const symbols& symbols) {
        for_each_used_feature(tables, image, [&](const table::feature_record& record) {
            const auto* const cell = inlay::detail::find<table::feature_cell>(image, record.cell);
            if (cell != nullptr && find(record.cell.target()) == nullptr) {
                entries_.push_back(make(image, record, *cell, model, symbols));
            }
        });
    }

    /// For evaluate(): the value, and the error of the feature.
    [[nodiscard]] std::pair<bool, error> operator[](const table::feature_record& record) const noexcept {
        const feature_entry* const known = find(record.cell.target());
        return known == nullptr ? std::pair{false, error::reference_outside} : std::pair{known->value, known->trouble};
    }

    [[nodiscard]] std::vector<feature_entry> by_name() const {
        auto sorted = entries_;
        std::sort(sorted.begin(), sorted.end(),
                  [](const feature_entry& a, const feature_entry& b) { return a.name < b.name; });
        return sorted;
    }

private:
    [[nodiscard]] const feature_entry* find(address cell) const noexcept {
        for (const auto& each : entries_) {
            if (each.cell == cell) {
                return &each;
            }
        }
        return nullptr;
    }

    template <class Image>
    static feature_entry make(const Image& image, const table::feature_record& record, const table::feature_cell& state,
                              const cpu_model& model, const symbols& symbols) {
        feature_entry entry{.name = name_at(image, record.name), .cell = record.cell.target()};
        entry.forced = state.forced != 0;
        const address function = record.function.target();
        if (record.kind == table::probe_kind::by_hand) {
            entry.found_by = "by hand";
        } else if (record.kind == table::probe_kind::cpu) {
            entry.found_by = facts<inlay::detail::image_target<Image>>::words_of_probe(record.words);
        } else if (record.kind == table::probe_kind::function) {
            entry.found_by = "function" + name_of_probe(symbols.describe(address_shown(image, function)));
            entry.trouble = image.executable(function, 1) ? error::no_error : error::reference_outside;
        } else {
            entry.trouble = error::feature_unknown;
        }
        if (entry.trouble != error::no_error) {
            entry.decided_by = "nothing";
        } else if (const auto asked = model.asked(entry.name)) {
            entry.value = *asked;
            entry.decided_by = (*asked ? '+' : '-') + entry.name;
        } else if (!model.is_this()) {
            entry.value = record.kind == table::probe_kind::cpu && model.has(entry.name, record.words);
            entry.decided_by = model.text().substr(0, model.text().find(','));
        } else if (entry.forced) {
            entry.value = state.forced == 2;
            entry.decided_by = "forced";
        } else if (is_file<Image> && record.kind == table::probe_kind::function) {
            entry.decided_by = "nothing: the functions of a file are not called";
        } else {
            probe(entry, image, record, state);
        }
        return entry;
    }

    /// Asks this machine, as apply() does. (A model of another machine is never `this`: cpu_model::parse.)
    template <class Image>
    static void probe(feature_entry& entry, const Image& image, const table::feature_record& record,
                      const table::feature_cell& state) {
        entry.decided_by = "probe";
        if constexpr (facts<inlay::detail::image_target<Image>>::runs_here) {
            reader<Image> from{image};
            entry.value = inlay::detail::probe(from, image, record, state);
            entry.trouble = from.trouble;
        }
    }

    std::vector<feature_entry> entries_{};
};

} // namespace detail
} // namespace report
} // namespace inlay
