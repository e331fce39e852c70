// SPDX-License-Identifier: BSL-1.0
//
// patches: the list of features that patches.hpp prints, and the kinds of its sites.
#include "patches.hpp"

namespace kernel {

bool is_operation(const inlay::table::alternative_record& record) noexcept {
    const auto* each = reinterpret_cast<const inlay::table::choice*>(record.choices.target());
    while (each->otherwise) {
        each = reinterpret_cast<const inlay::table::choice*>(each->otherwise.target());
    }
    const auto& original = *reinterpret_cast<const inlay::table::form*>(each->form.target());
    return original.kind == inlay::table::form_kind::indirect_call;
}

void feature_list::add(const inlay::table::feature_record& feature) noexcept {
    for (unsigned i = 0; i < count_; ++i) {
        if (seen_[i]->cell.target() == feature.cell.target()) {
            return;
        }
    }
    if (count_ == sizeof(seen_) / sizeof(seen_[0])) {
        return;
    }
    seen_[count_++] = &feature;
    const auto& cell = *reinterpret_cast<const inlay::table::feature_cell*>(feature.cell.target());
    print(cell.value != 0 ? " +" : " -", reinterpret_cast<const char*>(feature.name.target()));
}

} // namespace kernel
