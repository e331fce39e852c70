// SPDX-License-Identifier: BSL-1.0
//
// pmu: the performance monitors (PMUv3): the cycle counter and the event counters.
//
//     if (auto found = inlay::proof<inlay::cpu.pmuv3>()) {
//         pmu::reset(found);
//         pmu::start_cycles(found);
//         const u64 cycles = pmu::cycles(found);
//     }
//
// What. The registers of the PMU, in functions of a few lines.
// Why a proof. A processor without a PMU may take an exception, or nothing at all, at an access to these registers. Each
// function here that accesses one takes a proof of the feature. Only the question hands one out, so a call without the
// question does not compile. The question is a patched branch: it reads no memory.
// How. system.hpp of inlay reads and writes the registers. A write of PMCR_EL0 or PMCNTENSET_EL0 may take effect late,
// and a read of PMCCNTR_EL0 may happen early. Each function that starts, stops or reads has the ISB that prevents this.
//
// References are to the Arm Architecture Reference Manual (DDI 0487), "The Performance Monitors Extension".
#pragma once

#include "cpu.hpp"

#include <inlay/kernel.hpp>

namespace kernel::pmu {

using proof = inlay::proof_of<inlay::cpu.pmuv3>;

/// ID_AA64DFR0_EL1.PMUVer: 0 without a PMU, 15 with one that is not PMUv3. Every processor has this register.
[[nodiscard]] u32 version() noexcept;

struct identity {
    u8 implementer; ///< a letter: 'A' is Arm
    u8 code;
    u8 counters; ///< event counters, without the cycle counter
};
[[nodiscard]] identity identify(proof found) noexcept;

/// Makes everything off and zero, after any earlier use: counters, their enables, interrupts, overflow flags, filters.
void reset(proof found) noexcept;

/// The cycle counter, of 64 bits.
void start_cycles(proof found) noexcept;
void stop_cycles(proof found) noexcept;
[[nodiscard]] u64 cycles(proof found) noexcept;
void set_cycles(proof found, u64 value) noexcept;
/// The cycles of a loop with `instructions` instructions: even, at least 4.
[[nodiscard]] u64 cycles_of_loop(proof found, u64 instructions) noexcept;

/// Event counter 0, counting the writes to PMSWINC_EL0 (SW_INCR). `wide`: it overflows at 2^64, else at 2^32.
void start_events(proof found, bool wide) noexcept;
void set_events(proof found, u64 value) noexcept;
[[nodiscard]] u64 events(proof found) noexcept;
void count_event(proof found) noexcept;

/// One bit for each counter that overflowed: n for event counter n, 31 for the cycle counter.
inline constexpr u64 cycle_bit = u64{1} << 31;
[[nodiscard]] u64 overflows(proof found) noexcept;
void clear_overflows(proof found, u64 bits) noexcept;
/// One bit for each counter that is enabled.
[[nodiscard]] u64 enabled(proof found) noexcept;

/// The word count-pmu on the command line: the stub at EL2 (start.S) counts accesses to PMU registers on this processor,
/// and skips them. Without the word these do nothing.
void begin_count() noexcept;
void print_count() noexcept;

} // namespace kernel::pmu
