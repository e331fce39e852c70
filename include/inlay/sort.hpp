// SPDX-License-Identifier: BSL-1.0
//
// sort: puts records in order, in place.
//
//     detail::sort(rows_of(section), [](const table::reference* a, const table::reference* b) noexcept { ... });
//
// How it works. Heapsort: no allocation, no recursion, no worst case. (std::sort needs a hosted library.) The functions
// see a record as its references, so that one function serves all kinds. References count from the record itself, so a
// move of the record must adjust them.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

/// Records as references, `width` of them each.
struct rows {
    table::reference* first;
    size_t width;
    size_t count;

    [[nodiscard]] table::reference* operator[](size_t row) const noexcept { return first + row * width; }
};

template <class Record>
[[nodiscard]] rows rows_of(const table::section<Record>& section) noexcept {
    static_assert(sizeof(Record) % sizeof(table::reference) == 0);
    return {reinterpret_cast<table::reference*>(section.records), sizeof(Record) / sizeof(table::reference),
            section.size()};
}

inline void swap_rows(const rows& all, size_t a, size_t b) noexcept {
    table::reference* const x = all[a];
    table::reference* const y = all[b];
    const auto shift = static_cast<int32_t>(reinterpret_cast<address>(y) - reinterpret_cast<address>(x));
    for (size_t i = 0; i < all.width; ++i) {
        const int32_t kept = x[i].distance;
        x[i].distance = y[i].distance + shift;
        y[i].distance = kept - shift;
    }
}

/// `less(a, b)`: whether the record that begins at `a` comes before the one at `b`.
template <class Less>
void sort(const rows& all, const Less& less) noexcept {
    // First the heap is made (from `parent` down to 0), then the greatest goes to the end, again and again.
    for (size_t parent = all.count / 2, end = all.count; end > 1;) {
        if (parent > 0) {
            --parent;
        } else {
            swap_rows(all, 0, --end);
        }
        for (size_t at = parent, child = 2 * at + 1; child < end; at = child, child = 2 * at + 1) {
            if (child + 1 < end && less(all[child], all[child + 1])) {
                ++child;
            }
            if (!less(all[at], all[child])) {
                break;
            }
            swap_rows(all, at, child);
        }
    }
}

} // namespace INLAY_TARGET

} // namespace detail
} // namespace inlay
