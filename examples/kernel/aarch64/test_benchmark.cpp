// SPDX-License-Identifier: BSL-1.0
//
// test_benchmark: the cost of a call, by the cycle counter.
//
// What. The same function called through a pointer, directly, and by a static call that is patched.
// Why. A static call is a direct call whose target can change. This is the comparison that shows it.
// How. The PMU's cycle counter around a loop; the smallest of some rounds, since interrupts and other processors of the
// host only add. An emulator translates instructions: its numbers say how QEMU handles the three, not how a processor
// does, and the lines say so.
#include "harness.hpp"
#include "pmu.hpp"
#include "print.hpp"
#include "tests.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

namespace {

constexpr u64 calls = 20'000;
constexpr u32 rounds = 7;

constinit u64 called = 0;

[[gnu::noinline]] void callee() noexcept { called = called + 1; }

using function = void (*)() noexcept;
constinit function volatile pointer = &callee; // volatile: loaded each time, as where the compiler does not know it
inline constexpr inlay::static_call<"benchmark_callee", &callee> patched;

void indirect() noexcept {
    for (u64 i = 0; i < calls; ++i) {
        pointer();
    }
}
void direct() noexcept {
    for (u64 i = 0; i < calls; ++i) {
        callee();
    }
}
void by_static_call() noexcept {
    for (u64 i = 0; i < calls; ++i) {
        patched();
    }
}

[[nodiscard]] u64 smallest(pmu::proof found, function run) noexcept {
    u64 best = ~u64{0};
    for (u32 i = 0; i < rounds; ++i) {
        const u64 before = pmu::cycles(found);
        run();
        const u64 taken = pmu::cycles(found) - before;
        best = taken < best ? taken : best;
    }
    return best;
}

/// In hundredths of a cycle.
void say(const char* what, u64 cycles) noexcept {
    const u64 hundredths = cycles * 100 / calls;
    info(what, hundredths / 100, ".", hundredths / 10 % 10, hundredths % 10, " cycles a call (emulated)");
}

} // namespace

void test_benchmark() noexcept {
    const report_prefix prefix{"benchmark"};
    if (const auto found = inlay::proof<inlay::cpu.pmuv3>()) {
        called = 0;
        pmu::reset(found);
        pmu::start_cycles(found);
        say("indirect call: ", smallest(found, &indirect));
        say("direct call: ", smallest(found, &direct));
        say("static call: ", smallest(found, &by_static_call));
        report(called == 3 * rounds * calls, "Each call came to its function");
        pmu::reset(found);
    } else {
        skip("No PMU found");
    }
}

} // namespace kernel
