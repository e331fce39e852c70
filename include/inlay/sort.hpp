// SPDX-License-Identifier: BSL-1.0
//
// sort: puts records in order, in place.
//
//     detail::sort(records, count, [](const record& a, const record& b) noexcept { return ...; });
//
// How it works. Heapsort: no allocation, no recursion, no worst case. (std::sort needs a hosted library.) A record's
// references count from the record itself, so whoever moves one must move them along.
#pragma once

#include "inlay/table.hpp"

namespace inlay::detail {

template <class Record>
void swap_records(Record& a, Record& b) noexcept {
    static_assert(sizeof(Record) % sizeof(table::reference) == 0,
                  "inlay: a record that is sorted has references alone");
    auto* const x = reinterpret_cast<table::reference*>(&a);
    auto* const y = reinterpret_cast<table::reference*>(&b);
    const auto shift = static_cast<std::int32_t>(reinterpret_cast<address>(&b) - reinterpret_cast<address>(&a));
    for (std::size_t i = 0; i < sizeof(Record) / sizeof(table::reference); ++i) {
        const std::int32_t kept = x[i].distance;
        x[i].distance = y[i].distance + shift;
        y[i].distance = kept - shift;
    }
}

template <class Record, class Less>
void sort(Record* records, std::size_t count, const Less& less) noexcept {
    // First the heap is made (from `parent` down to 0), then the greatest goes to the end, again and again.
    for (std::size_t parent = count / 2, end = count; end > 1;) {
        if (parent > 0) {
            --parent;
        } else {
            --end;
            swap_records(records[0], records[end]);
        }
        for (std::size_t at = parent, child = 2 * at + 1; child < end; at = child, child = 2 * at + 1) {
            if (child + 1 < end && less(records[child], records[child + 1])) {
                ++child;
            }
            if (!less(records[at], records[child])) {
                break;
            }
            swap_records(records[at], records[child]);
        }
    }
}

} // namespace inlay::detail
