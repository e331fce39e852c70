// SPDX-License-Identifier: BSL-1.0
//
// pages: memory for tables that devices read.
//
//     void* const table = allocate_pages(16, 16);     // 64 KiB, aligned to 64 KiB
//
// What. Pages of 4 KiB, zeroed, at their physical address; they are not given back.
#pragma once

#include "types.hpp"

namespace kernel {

/// Says which memory may be given.
void pages_begin(u64 begin, u64 end) noexcept;
/// Null if not enough is left. `alignment` counts in pages, and is a power of two.
[[nodiscard]] void* allocate_pages(size_t count, size_t alignment = 1) noexcept;

} // namespace kernel
