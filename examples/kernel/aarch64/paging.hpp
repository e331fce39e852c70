// SPDX-License-Identifier: BSL-1.0
//
// paging: the permissions of memory at EL1 (Arm DDI 0487, chapter D8).
//
// What. All memory at its physical address: text read-only and executable, constants read-only, everything else
// writable and not executable; devices as Device memory. And a window for the patcher.
// How. 4 KiB pages, 39-bit addresses, three levels. Memory is mapped by blocks of 2 MiB, the image by pages. WXN is
// set: a page that is writable is not executable, even if its entry allows it.
#pragma once

#include "types.hpp"

namespace kernel {

inline constexpr u64 page_size = 4096;

enum class protection : u8 { none, execute, read, write, device };

/// Makes the tables, and goes on with the MMU and the caches on. The tables map the first GiB (devices), and the part
/// of this memory that is in the image's GiB. Returns the end of this part.
u64 translation_begin(u64 memory, u64 memory_size) noexcept;

/// Pages of the image: leads them to other frames, with other rights.
void map_page(u64 at, u64 frame, protection rights) noexcept;

/// The entry of an image page.
[[nodiscard]] u64 page_at(u64 at) noexcept;

namespace page {
inline constexpr u64 present = 3;
inline constexpr u64 read_only = u64{1} << 7;      ///< AP[2]
inline constexpr u64 not_privileged = u64{1} << 6; ///< AP[1]
inline constexpr u64 inner_shareable = u64{3} << 8;
inline constexpr u64 accessed = u64{1} << 10;
inline constexpr u64 never_execute = u64{1} << 53;      ///< PXN
inline constexpr u64 never_execute_user = u64{1} << 54; ///< UXN
} // namespace page

/// The values that mmu_on() loads into system registers (start.S).
struct translation {
    u64 mair;
    u64 tcr;
    u64 ttbr0;
    u64 sctlr;
};

} // namespace kernel
