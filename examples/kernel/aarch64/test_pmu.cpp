// SPDX-License-Identifier: BSL-1.0
//
// test_pmu: the performance monitors, where the processor has them.
//
// What. pmu-cycle-counter: the cycle counter increases, and counts the instructions of a loop. pmu-counters: a reset
// clears everything; a counter that is off does not count; each counter overflows at its width.
// Why. A processor without a PMU must not see one access; the tests are then skipped, with status 77.
// How. The question is inlay's proof; all else takes it. Each test resets first and depends on nothing of another. The
// word cpi=N says how many cycles an instruction takes. An emulator knows it (QEMU -icount); a processor has no such
// number, so without the word each loop must only count something.
#include "command_line.hpp"
#include "harness.hpp"
#include "pmu.hpp"
#include "print.hpp"
#include "tests.hpp"

#ifdef KERNEL_MUTATION_PMU_UNGUARDED
extern "C" kernel::u64 pmu_unguarded() noexcept;
#endif

namespace kernel {

namespace {

constexpr u32 samples = 10;
constexpr u64 shortest_loop = 4;
constexpr u64 longest_loop = 300;
constexpr u64 loop_step = 32;

void print_identity(pmu::proof found) noexcept {
    const auto who = pmu::identify(found);
    info("PMU version: 0x", hex{pmu::version()});
    info("PMU implementer/ID code: 0x", hex{who.implementer}, "(\"", static_cast<char>(who.implementer), "\")/0x",
         hex{who.code});
    info("Implements ", u32{who.counters}, " event counters");
}

[[nodiscard]] bool increases(pmu::proof found) noexcept {
    pmu::reset(found);
    pmu::start_cycles(found);
    bool good = true;
    for (u32 i = 0; i < samples && good; ++i) {
        const u64 before = pmu::cycles(found);
        const u64 after = pmu::cycles(found);
        good = after > before;
        if (!good) {
            print("Read ", before, " then ", after, ".\n");
        }
    }
    pmu::stop_cycles(found);
    return good;
}

[[nodiscard]] bool counts_instructions(pmu::proof found, u64 cycles_each) noexcept {
    bool good = true;
    for (u64 instructions = shortest_loop; instructions < longest_loop; instructions += loop_step) {
        for (u32 i = 0; i < samples; ++i) {
            const u64 cycles = pmu::cycles_of_loop(found, instructions);
            if (cycles == 0 || (cycles_each != 0 && cycles != instructions * cycles_each)) {
                print(instructions, " instructions took ", cycles, " cycles.\n");
                good = false;
            }
        }
    }
    return good;
}

// Event counter 0 with software increments: exact, so its overflow is as well.
[[nodiscard]] bool overflows_at(pmu::proof found, u64 last, bool wide) noexcept {
    pmu::reset(found);
    pmu::start_events(found, wide);
    pmu::set_events(found, last);
    const bool quiet = pmu::overflows(found) == 0 && pmu::events(found) == last;
    pmu::count_event(found);
    const bool over = pmu::overflows(found) == 1 && (pmu::events(found) & last) == 0;
    pmu::count_event(found); // the flag is kept, and cleared by a write of 1 alone
    const bool kept = pmu::overflows(found) == 1 && (pmu::events(found) & last) == 1;
    pmu::clear_overflows(found, pmu::cycle_bit);
    const bool other = pmu::overflows(found) == 1;
    pmu::clear_overflows(found, 1);
    return quiet && over && kept && other && pmu::overflows(found) == 0;
}

/// Lets the cycle counter go on from `from`, and returns its value.
[[nodiscard]] u64 goes_on(pmu::proof found, u64 from) noexcept {
    pmu::reset(found);
    pmu::set_cycles(found, from);
    pmu::start_cycles(found);
    for (u32 i = 0; i < 1'000'000 && pmu::cycles(found) == from; ++i) {
    }
    pmu::stop_cycles(found);
    return pmu::cycles(found);
}
[[nodiscard]] bool cycles_overflow(pmu::proof found) noexcept {
    constexpr u64 low = 0xffff'ffff;
    const bool wide = goes_on(found, low) > low && pmu::overflows(found) == 0;
    const bool over = goes_on(found, ~u64{0}) < ~u64{0} - low && pmu::overflows(found) == pmu::cycle_bit;
    return wide && over;
}

[[nodiscard]] bool stands_still(pmu::proof found) noexcept {
    pmu::reset(found);
    pmu::start_cycles(found);
    pmu::stop_cycles(found);
    const u64 before = pmu::cycles(found);
    return before != 0 && pmu::cycles(found) == before && pmu::enabled(found) == 0;
}

[[nodiscard]] bool resets(pmu::proof found) noexcept {
    pmu::start_events(found, false); // as an earlier user might leave it
    pmu::set_events(found, 0xffff'ffff);
    pmu::start_cycles(found);
    pmu::count_event(found);
    const bool dirty = pmu::enabled(found) == (pmu::cycle_bit | 1) && pmu::overflows(found) != 0;
    pmu::reset(found);
    return dirty && pmu::enabled(found) == 0 && pmu::overflows(found) == 0 && pmu::cycles(found) == 0 &&
           pmu::events(found) == 0;
}

} // namespace

void test_pmu_cycle_counter() noexcept {
#ifdef KERNEL_MUTATION_PMU_UNGUARDED
    static_cast<void>(pmu_unguarded());
#endif
    if (const auto found = inlay::proof<inlay::cpu.pmuv3>()) {
        print_identity(found);
        const report_prefix pmu{"pmu"};
        const report_prefix counter{"cycle-counter"};
        report(increases(found), "Monotonically increasing cycle count");
        report(counts_instructions(found, number_for("cpi", 0)), "Cycle/instruction ratio");
        pmu::reset(found);
    } else {
        print("No PMU found, test skipped...\n");
    }
}

void test_pmu_counters() noexcept {
    if (const auto found = inlay::proof<inlay::cpu.pmuv3>()) {
        const report_prefix pmu{"pmu"};
        const report_prefix counters{"counters"};
        report(resets(found), "A reset leaves nothing of an earlier user");
        report(stands_still(found), "The cycle counter stands still while it is off");
        report(cycles_overflow(found), "The cycle counter overflows at 2^64, and not at 2^32");
        report(overflows_at(found, 0xffff'ffff, false), "Event counter 0 overflows at 2^32");
        if (inlay::proof<inlay::cpu.pmuv3p5>()) {
            report(overflows_at(found, ~u64{0}, true), "Event counter 0 of 64 bits overflows at 2^64");
        } else {
            skip("Event counters have 32 bits");
        }
        pmu::reset(found);
    } else {
        print("No PMU found, test skipped...\n");
    }
}

} // namespace kernel
