// SPDX-License-Identifier: BSL-1.0
//
// cpu: the processor and its memory-mapped registers.
//
//     write32(distributor, gicd_ctlr, 1);        // just this store
//     writel(distributor, gicd_sgir, 3);         // after all stores before it
//
// What. System registers and barriers (registers.hpp), MMIO, and time.
// Why two kinds. A register that says "look at memory" must be written after that memory: writel() waits for earlier
// stores, readl() has later accesses wait for it. Most registers need neither.
#pragma once

#include "layout.h"
#include "registers.hpp"
#include "types.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

[[nodiscard]] inline u8 read8(u64 base, u64 offset) noexcept { return load_register8(base + offset); }
[[nodiscard]] inline u32 read32(u64 base, u64 offset) noexcept { return load_register32(base + offset); }
[[nodiscard]] inline u64 read64(u64 base, u64 offset) noexcept { return load_register64(base + offset); }
inline void write8(u64 base, u64 offset, u8 value) noexcept { store_register8(base + offset, value); }
inline void write32(u64 base, u64 offset, u32 value) noexcept { store_register32(base + offset, value); }
inline void write64(u64 base, u64 offset, u64 value) noexcept { store_register64(base + offset, value); }

/// Later accesses come after this one.
[[nodiscard, gnu::always_inline]] inline u32 readl(u64 base, u64 offset) noexcept {
    const u32 value = read32(base, offset);
    dsb_ld();
    return value;
}
/// Earlier stores are complete before this one.
[[gnu::always_inline]] inline void writel(u64 base, u64 offset, u32 value) noexcept {
    dsb_st();
    write32(base, offset, value);
}

namespace detail {
namespace insn = inlay::aarch64::insn;
/// isb; mrs x0, cntvct_el0. With FEAT_ECV: mrs x0, cntvctss_el0, which keeps its place by itself.
inline constexpr auto ticks_site =
    inlay::alternative<insn::isb() + insn::words(0xd53be040).writes<insn::x0>(),
                       inlay::when<inlay::cpu.ecv, insn::words(0xd53be0c0).writes<insn::x0>()>>{}
        .named<"read_ticks">()
        .returns<insn::x0, u64>();
} // namespace detail

/// The generic timer, read in its place.
[[nodiscard]] inline u64 read_ticks() noexcept { return detail::ticks_site(); }
[[nodiscard]] inline u64 nanoseconds() noexcept {
    const u64 ticks = read_ticks();
    const u64 frequency = read_cntfrq();
    return ticks / frequency * 1'000'000'000 + ticks % frequency * 1'000'000'000 / frequency;
}
inline void delay_us(u64 microseconds) noexcept {
    const u64 begin = nanoseconds();
    while (nanoseconds() - begin < microseconds * 1000) {
        pause();
    }
}

} // namespace kernel
