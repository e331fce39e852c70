// SPDX-License-Identifier: BSL-1.0
//
// index: sorts the records of calls and key sites by name, so that a change finds those of one name at once.
//
//     detail::index_by_cell(platform, tables);
//
// How it works. The records are sorted in place by the address of their cell, then by site. The cell notes the number
// of its first record. A change starts there and ends at the first record of another cell.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/decide.hpp"
#include "inlay/error.hpp"
#include "inlay/sort.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

/// The cell of the name that `subject` refers to; 0 for a call of a dispatch.
template <class Image>
[[nodiscard]] address cell_at(const Image& image, const table::tables& tables,
                              const table::reference& subject) noexcept {
    reader<Image> from{image};
    const table::named& named = named_of(from, tables, subject);
    return from.trouble == error::no_error ? named.cell.target() : 0;
}

/// Sorts records whose first reference is the site, and whose last one is the name.
template <class Image>
[[gnu::noinline]] void sort_by_cell(const Image& image, const table::tables& tables, const rows& all) noexcept {
    const size_t subject = all.width - 1;
    sort(all, [&](const table::reference* a, const table::reference* b) noexcept {
        const address cell_of_a = cell_at(image, tables, a[subject]);
        const address cell_of_b = cell_at(image, tables, b[subject]);
        return cell_of_a != cell_of_b ? cell_of_a < cell_of_b : a->target() < b->target();
    });
    for (size_t i = all.count; i-- > 0;) {
        if (const address cell = cell_at(image, tables, all[i][subject]); cell != 0) {
            reinterpret_cast<table::cell*>(cell)->state.sites = static_cast<uint32_t>(i) + 1;
        }
    }
}

template <class Image>
void index_by_cell(const Image& image, const table::tables& tables) noexcept {
    sort_by_cell(image, tables, rows_of(tables.calls));
    sort_by_cell(image, tables, rows_of(tables.keys));
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
