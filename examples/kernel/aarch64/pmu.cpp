// SPDX-License-Identifier: BSL-1.0
//
// pmu: the register accesses of pmu.hpp.
#include "pmu.hpp"

#include "boot.hpp"
#include "command_line.hpp"
#include "print.hpp"
#include "registers.hpp"

#include <inlay/kernel.hpp>

extern "C" kernel::u64 call_hypervisor(kernel::u64 function, kernel::u64 a, kernel::u64 b,
                                       kernel::u64 c) noexcept;                                    // calls.S
extern "C" kernel::u64 pmu_loop(kernel::u64 iterations, kernel::u64 on, kernel::u64 off) noexcept; // pmu_loop.S

namespace kernel::pmu {

namespace {

using namespace inlay::aarch64::insn;
using inlay::aarch64::read, inlay::aarch64::write;

// PMCR_EL0
constexpr u64 enable = 1U << 0;
constexpr u64 reset_events = 1U << 1;
constexpr u64 reset_cycles = 1U << 2;
constexpr u64 long_cycles = 1U << 6; // LC: the cycle counter overflows at 2^64. With 0, deprecated, at 2^32.
constexpr u64 long_events = 1U << 7; // LP, of PMUv3p5: the same for event counters
constexpr u64 all_counters = 0xffff'ffff;

constexpr u64 software_increment = 0; // the event SW_INCR

// MDCR_EL2: TPMCR and TPM. The exception class of a trapped access is that of all system registers; nothing but PMU
// registers is trapped.
constexpr u64 trap_all = 1U << 5 | 1U << 6;
constexpr u64 system_register_class = 0x18;
constinit u64 first = 0;

} // namespace

u32 version() noexcept { return static_cast<u32>(read<id_aa64dfr0_el1>() >> 8 & 0xf); }

identity identify(proof found) noexcept {
    const u64 control = read<pmcr_el0>(found);
    return {static_cast<u8>(control >> 24), static_cast<u8>(control >> 16), static_cast<u8>(control >> 11 & 0x1f)};
}

void reset(proof found) noexcept {
    // Off first, so that nothing counts, and overflows, between these writes. Most fields are unknown after a reset of
    // the processor.
    write<pmcr_el0>(found, long_cycles);
    write<pmcntenclr_el0>(found, all_counters);
    write<pmintenclr_el1>(found, all_counters);
    isb();
    write<pmcr_el0>(found, long_cycles | reset_events | reset_cycles);
    write<pmccfiltr_el0>(found, 0); // counts at EL0 and EL1
    isb();
    write<pmovsclr_el0>(found, all_counters); // resetting a counter does not clear its overflow flag
    isb();
}

void start_cycles(proof found) noexcept {
    write<pmcntenset_el0>(found, cycle_bit);
    write<pmcr_el0>(found, long_cycles | enable);
    isb(); // counts from here on
}

void stop_cycles(proof found) noexcept {
    write<pmcntenclr_el0>(found, cycle_bit);
    isb();
}

u64 cycles(proof found) noexcept {
    isb(); // neither before earlier instructions are executed,
    const u64 value = read<pmccntr_el0>(found);
    isb(); // nor after later ones
    return value;
}

void set_cycles(proof found, u64 value) noexcept {
    write<pmccntr_el0>(found, value);
    isb();
}

u64 cycles_of_loop(proof found, u64 instructions) noexcept {
    reset(found);
    write<pmcntenset_el0>(found, cycle_bit);
    isb();
    // Two instructions an iteration, and two around them.
    return pmu_loop((instructions - 2) / 2, long_cycles | enable, long_cycles);
}

void start_events(proof found, bool wide) noexcept {
    write<pmevtyper_el0(0)>(found, software_increment);
    write<pmcntenset_el0>(found, 1);
    write<pmcr_el0>(found, long_cycles | enable | (wide ? long_events : 0));
    isb();
}

void set_events(proof found, u64 value) noexcept {
    write<pmevcntr_el0(0)>(found, value);
    isb();
}

u64 events(proof found) noexcept {
    isb();
    return read<pmevcntr_el0(0)>(found);
}

void count_event(proof found) noexcept {
    write<pmswinc_el0>(found, 1);
    isb();
}

u64 overflows(proof found) noexcept {
    isb();
    return read<pmovsclr_el0>(found);
}

void clear_overflows(proof found, u64 bits) noexcept {
    write<pmovsclr_el0>(found, bits);
    isb();
}

u64 enabled(proof found) noexcept { return read<pmcntenset_el0>(found); }

void begin_count() noexcept {
    if (asked_for("count-pmu") && entered_at() == 2) {
        const u64 before = call_hypervisor(EL2_MDCR, trap_all, 0, 0); // it returns the old value
        static_cast<void>(call_hypervisor(EL2_MDCR, before | trap_all, 0, 0));
        first = call_hypervisor(EL2_TRAPS, system_register_class, 0, 0);
    }
}

void print_count() noexcept {
    if (!asked_for("count-pmu")) {
        return;
    }
    if (entered_at() == 2) {
        print("PMU accesses: ", call_hypervisor(EL2_TRAPS, system_register_class, 0, 0) - first, "\n");
    } else {
        print("PMU accesses: not counted, since the kernel began at EL1\n");
    }
}

} // namespace kernel::pmu
