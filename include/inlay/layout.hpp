// SPDX-License-Identifier: BSL-1.0
//
// layout: the offsets in the structs of table.hpp that hold pointers, in an image of any pointer size.
//
//     const address mode = cell + inlay::table::layout<Target::pointer_size>::cell_mode;
//
// How it works. Records hold distances of 32 bits and are the same in every image. Only cells and the `image` hold
// pointers. The structs of table.hpp have this unit's pointers. For an image with other pointers, this header has the
// numbers; each unit compares them with its own structs.
#pragma once

#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace table {

/// Offsets and sizes in bytes.
template <size_t PointerSize>
struct layout {
    static_assert(PointerSize == 4 || PointerSize == 8);

    // cell: the value is at its start
    static constexpr size_t cell_mode = PointerSize + 4;
    static constexpr size_t cell_hash = PointerSize + 8;
    static constexpr size_t cell_size = 10 * PointerSize + 24;

    // image: four tables follow the mark, a pointer to the start of each and one to its end
    static constexpr size_t image_tables = sizeof(mark);
    static constexpr size_t image_registry = image_tables + 8 * PointerSize;
};

static_assert(layout<sizeof(address)>::cell_size == sizeof(cell));
static_assert(layout<sizeof(address)>::cell_mode ==
              __builtin_offsetof(cell, state) + __builtin_offsetof(cell_state, mode));
static_assert(layout<sizeof(address)>::cell_hash ==
              __builtin_offsetof(cell, state) + __builtin_offsetof(cell_state, hash));
static_assert(layout<sizeof(address)>::image_tables == __builtin_offsetof(image, alternatives));
static_assert(layout<sizeof(address)>::image_registry == __builtin_offsetof(image, registry));

} // namespace table
} // namespace inlay
