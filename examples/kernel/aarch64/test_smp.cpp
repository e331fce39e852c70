// SPDX-License-Identifier: BSL-1.0
//
// test_smp: several processors on patched text.
//
// What. All processors run; each finds its own data and its own MPIDR; a lock excludes.
// Why. The others started after apply(): none of them may have fetched an old instruction.
#include "atomic.hpp"
#include "command_line.hpp"
#include "harness.hpp"
#include "smp.hpp"

namespace kernel {

namespace {

constexpr u32 increments = 5'000;
constinit u32 lock = 0;
constinit volatile u64 sum = 0;
constinit u32 right = 0;
constinit u32 came[most_cpus]{};

void add() noexcept {
    for (u32 i = 0; i < increments; ++i) {
        while (exchange(lock, 1) != 0) {
            pause();
        }
        sum = sum + 1;
        __atomic_store_n(&lock, 0U, __ATOMIC_RELEASE);
    }
}

void look() noexcept {
    const per_cpu& cpu = this_cpu();
    const bool own = &cpu == &cpus[cpu.number] && cpu.mpidr == (read_mpidr() & 0xff00ffffff);
    __atomic_fetch_add(&right, own ? 1U : 0U, __ATOMIC_RELAXED);
}

void come() noexcept { __atomic_fetch_add(&came[this_cpu().number], 1U, __ATOMIC_RELAXED); }

} // namespace

void test_smp() noexcept {
    const report_prefix prefix{"smp"};
    const u64 expected = number_for("cpus", cpus_named() < most_cpus ? cpus_named() : most_cpus);
    report(cpus_running() == expected, "all processors run");
    right = 0;
    on_all([] { look(); });
    report(right == cpus_running(), "each finds its own data and its own number");
    sum = 0;
    on_all([] { add(); });
    report(sum == u64{increments} * cpus_running(), "no increment is lost under the lock");
    bool once = true;
    for (u32 i = 0; i < cpus_running(); ++i) {
        on_cpu(i, [] { come(); });
        while (!is_idle(i)) {
            pause();
        }
        once = once && came[i] == 1;
    }
    report(once, "work for one processor is done there, once");
}

} // namespace kernel
