// SPDX-License-Identifier: BSL-1.0
//
// clock: time, by static calls.
//
//     const u64 begin = sched_clock();     // nanoseconds
//
// What. `sched_clock` is time that goes on evenly; `steal_clock` is how long others had this processor. Nanoseconds.
// Why static calls. Item 6 of the series: which clock it is, is known once, at boot; 64 bits come back in any mode.
// How. Until something better is known, sched_clock counts the TSC as if it went at 1 GHz. choose_clock() gives it its
// target before apply().
#pragma once

#include "cpu.hpp"
#include "xen.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

[[nodiscard]] u64 early_clock() noexcept;
inline constexpr inlay::static_call<"sched_clock", &early_clock> sched_clock;
inline constexpr inlay::static_call<"steal_clock", inlay::returns_zero<u64() noexcept>> steal_clock;

enum class clock_kind : u8 { early, tsc, xen, kvm };
/// Which clock sched_clock is. (Linux: using_native_sched_clock().)
[[nodiscard]] clock_kind which_clock() noexcept;

/// Finds out, natively how fast the TSC is, and updates both calls.
void choose_clock(bool xen, bool kvm) noexcept;

/// The work of every timer interrupt, from any timer. Ticks so far are in per_cpu::interrupts.
void take_tick() noexcept;
using tick_handler = void (*)() noexcept;
void on_tick(tick_handler what) noexcept;

/// Multiplies by a fraction of 2^32.
[[nodiscard]] constexpr u64 scale(u64 ticks, u32 multiplier, int shift) noexcept {
    ticks = shift < 0 ? ticks >> -shift : ticks << shift;
    return (ticks >> 32) * multiplier + ((ticks & 0xffffffff) * multiplier >> 32);
}

/// Time by a structure that Xen or KVM keeps in memory: the same layout for both. The hypervisor makes `version` odd,
/// changes the rest, and makes it even again; a reader who saw a change begins anew.
template <class Tsc>
[[nodiscard]] u64 read_pvclock(const volatile xen::time_info& time, Tsc tsc) noexcept {
    for (;;) {
        const u32 before = time.version;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        const u64 now = time.nanoseconds + scale(tsc() - time.tsc, time.multiplier, time.shift);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if ((before & 1) == 0 && before == time.version) {
            return now;
        }
    }
}

} // namespace kernel
