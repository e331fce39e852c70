// SPDX-License-Identifier: BSL-1.0
//
// test_traps: exceptions at EL1, as the handler sees them.
//
// What. Class, syndrome and address of each kind; registers come back as they were.
#include "boot.hpp"
#include "calls.hpp"
#include "harness.hpp"
#include "trap.hpp"

namespace kernel {

void test_traps() noexcept {
    const report_prefix prefix{"traps"};
    const seen_trap undefined = provoke(exception_class::unknown, [] { raise_undefined(); });
    report(static_cast<bool>(undefined), "an undefined instruction is of class 0x00");
    const seen_trap breakpoint = provoke(exception_class::breakpoint, [] { raise_breakpoint(); });
    report(breakpoint && (breakpoint.frame.esr & 0xffff) == 1, "brk #1 is of class 0x3c, and says its number");
    const seen_trap call = provoke(exception_class::supervisor_call, [] { raise_supervisor_call(); });
    report(call && (call.frame.esr & 0xffff) == 2, "svc #2 is of class 0x15, and says its number");
    constexpr u64 nowhere = 0x7ffffff004;
    const seen_trap store = provoke(exception_class::data, [] { *reinterpret_cast<volatile u32*>(nowhere) = 1; });
    report(store && store.frame.far == nowhere && (store.frame.esr >> 6 & 1) != 0,
           "a store to nowhere is a data abort that says so, and where");
    const seen_trap load = provoke(exception_class::data, [] { (void)*reinterpret_cast<volatile u32*>(nowhere); });
    report(load && load.frame.far == nowhere && (load.frame.esr >> 6 & 1) == 0,
           "a load from nowhere is one that reads");
    const seen_trap jump = provoke(exception_class::fetch, [] { reinterpret_cast<void (*)()>(nowhere)(); });
    report(jump && jump.frame.pc == nowhere, "a jump to nowhere is an instruction abort there");
    const u64 half = reinterpret_cast<u64>(&take_trap) + 2;
    const seen_trap crooked = provoke(exception_class::pc_alignment, [half] { reinterpret_cast<void (*)()>(half)(); });
    report(crooked && crooked.frame.far == half, "a jump to half an instruction is a fault of the pc's alignment");
    report(!provoke(exception_class::breakpoint, [] {}), "where nothing is raised, nothing comes");
    if (entered_at() == 2) {
        report(call_hypervisor(EL2_TRAPS, 0x16, 0, 0) == 0 && call_hypervisor(99, 0, 0, 0) == ~u64{0},
               "the stub at EL2 answers");
    }
}

} // namespace kernel
