// SPDX-License-Identifier: BSL-1.0
//
// paging: page tables, by the same code natively and under Xen.
//
//     set_protection(text_begin, text_end, protection::execute);
//
// What. `entry_of_page` walks from the root to the entry of a 4 KiB page; `set_page` changes it. Why the same code.
// The paravirt operations of memory management hide the differences. Under Xen, the frame number in an entry is the
// machine's, not the guest's (pte_val, make_pte). Tables are read-only there, so a hypercall writes them (set_pte), and
// flushes the TLB (flush_tlb_one_user). Natively all of these are patched to an instruction or to nothing.
// How. Tables of the image lie at KERNEL_BASE + their physical address in both worlds.
#pragma once

#include "cpu.hpp"

namespace kernel {

inline constexpr u64 page_size = 4096;

namespace page {
inline constexpr u64 present = 1;
inline constexpr u64 writable = 2;
inline constexpr u64 user = 4;
inline constexpr u64 uncached = 0x10;
inline constexpr u64 accessed = 0x20;
inline constexpr u64 dirty = 0x40;
inline constexpr u64 large = 0x80;
inline constexpr u64 no_execute = u64{1} << 63;
inline constexpr u64 address = 0x000ffffffffff000;
} // namespace page

enum class protection : u8 { read, write, execute };

/// The bits for a page. Pages are never both writable and executable. Without NX in the processor, `read` and `write`
/// cannot forbid execution.
[[nodiscard]] u64 bits_of(protection what) noexcept;

/// Natively: tables with a protection for each part of the image, and a direct map. Loads them.
void make_native_tables() noexcept;
/// Loads them on another processor.
void load_tables() noexcept;

/// The entry of the page at `at`, which must be mapped by one of 4 KiB; null if it is not.
[[nodiscard]] u64* entry_of_page(u64 at) noexcept;
/// The value of this entry, with the frame as this kernel counts.
[[nodiscard]] u64 page_at(u64 at) noexcept;
void set_page(u64 at, u64 value) noexcept;
void set_protection(u64 begin, u64 end, protection what) noexcept;

/// Frames of the image as this kernel counts them.
[[nodiscard]] inline u64 physical(const void* at) noexcept { return reinterpret_cast<u64>(at) - KERNEL_BASE; }
template <class T>
[[nodiscard]] T* direct(u64 at) noexcept {
    return reinterpret_cast<T*>(DIRECT_MAP + at);
}

/// Maps the pages of user code (user.cpp) into the lower half.
void map_user(u64 text, u64 data, u64 stack) noexcept;
/// Under Xen user code has tables of its own, since the kernel is in ring 3 as well: the physical address of their
/// root.
[[nodiscard]] u64 user_tables() noexcept;

} // namespace kernel
