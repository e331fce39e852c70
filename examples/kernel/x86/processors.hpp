// SPDX-License-Identifier: BSL-1.0
//
// processors: the processors of this machine.
//
// What. The numbers of their local APICs, as far as firmware says; and their count.
// Why. A start-up interrupt needs a destination, and only firmware knows the processors.
// How. By ACPI's MADT (acpi.hpp), else by the MP table (mp_table.hpp). Both can say too little: the MP tables of QEMU's
// firmware name one processor a package, or count on where numbers have gaps. QEMU itself gives the count, by its
// fw_cfg (QEMU: docs/specs/fw_cfg.rst), so that smp.cpp knows when to look further.
#pragma once

#include "paging.hpp"
#include "per_cpu.hpp"

namespace kernel {

struct processors {
    u32 ids[most_cpus]; ///< of the local APICs, without repetition
    u32 listed;         ///< how many of `ids` are in use
    u32 named;          ///< how many firmware names, also those for which `ids` has no room
    u32 count;          ///< of processors: `named`, or QEMU's count if that is more; at least 1
    const char* source; ///< the table that names them; null: none does
};

[[nodiscard]] processors find_processors() noexcept;

// ---- For acpi.cpp and mp_table.cpp ----------------------------------------------------------------

/// Ids from 255 are no single processor's for a local APIC in xAPIC mode: counted, not listed.
void add(processors& to, u32 id) noexcept;

/// Firmware's data at a physical address; null where the direct map does not reach.
template <class T>
[[nodiscard]] const T* firmware_data(u64 at) noexcept {
    return at + sizeof(T) <= u64{1} << 32 ? direct<const T>(at) : nullptr;
}

template <size_t N>
[[nodiscard]] bool has_signature(const char* at, const char (&text)[N]) noexcept {
    for (size_t i = 0; i + 1 < N; ++i) {
        if (at[i] != text[i]) {
            return false;
        }
    }
    return true;
}

[[nodiscard]] bool sums_to_zero(u64 at, u64 length) noexcept;

/// Calls `what(begin, end)` for each area in which firmware may leave a pointer to its tables, on 16 bytes.
template <class What>
void for_each_firmware_area(What what) noexcept {
    constexpr u64 kib = 1024;
    constexpr u64 segment_of_data_area = 0x40e;
    constexpr u64 bios = 0xe0000;
    const u64 extended = u64{*direct<const volatile u16>(segment_of_data_area)} << 4;
    if (extended >= 0x1000 && extended < bios) {
        what(extended, extended + kib);
    }
    what(639 * kib, 640 * kib); // the last one of base memory, where nothing gives its size
    what(bios, u64{0x100000});
}

} // namespace kernel
