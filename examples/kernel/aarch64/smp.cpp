// SPDX-License-Identifier: BSL-1.0
//
// smp: starts processors and hands them work. See smp.hpp.
#include "smp.hpp"

#include "boot.hpp"
#include "gic.hpp"
#include "harness.hpp"
#include "paging.hpp"
#include "print.hpp"
#include "psci.hpp"
#include "sample.hpp"
#include "steal_time.hpp"
#include "text_window.hpp"

extern "C" {
[[gnu::aligned(16)]] constinit kernel::u8 cpu_stacks[kernel::most_cpus][kernel::stack_size]{};
extern const char secondary_start[];
extern const kernel::translation secondary_boot;
[[noreturn]] void secondary_main(kernel::u64 number) noexcept;
}

namespace kernel {

namespace {

constexpr u64 affinity = 0xff00ffffff;
constinit u32 running = 1;
constinit u32 listed = 0;

[[nodiscard]] work load(const work& from) noexcept { return __atomic_load_n(&from, __ATOMIC_ACQUIRE); }

[[nodiscard]] int turn_on(u32 number) noexcept {
    return psci::cpu_on(cpus[number].mpidr, reinterpret_cast<u64>(secondary_start), number);
}

bool start(u32 number, u64 mpidr) noexcept {
    per_cpu& cpu = cpus[number];
    cpu.number = number;
    cpu.mpidr = mpidr;
    const int refused = turn_on(number);
    if (refused != 0) {
        print("processors: PSCI does not start ", hex{mpidr}, ": error ", refused, "\n");
        return false;
    }
    const u64 begin = nanoseconds();
    while (__atomic_load_n(&cpu.online, __ATOMIC_ACQUIRE) == 0) {
        if (nanoseconds() - begin > 2'000'000'000) {
            print("processors: ", hex{mpidr}, " does not come\n");
            return false;
        }
        pause();
    }
    return true;
}

/// Until there may be something to do. Interrupts are masked: one that is pending ends it.
void sleep() noexcept {
    if (gic::name() != nullptr) {
        wait_for_interrupt();
    } else {
        wait_for_event();
    }
}
void wake(u32 number) noexcept {
    if (gic::name() != nullptr) {
        gic::send(number, gic::sgi_wake);
    } else {
        dsb_ishst();
        send_event();
    }
}

} // namespace

u32 cpus_running() noexcept { return running; }
u32 cpus_named() noexcept { return listed; }

void start_others() noexcept {
    cpus[0].mpidr = read_mpidr() & affinity;
    if (gic::name() != nullptr) {
        gic::on_sgi(gic::sgi_wake, [](u32, int) { __atomic_fetch_add(&this_cpu().woken, 1U, __ATOMIC_RELAXED); });
        live_begin();
    }
    const u64 line = u64{4} << (read_ctr() >> 16 & 15);
    for (u64 at = 0; at < sizeof(translation); at += line) { // they read it with their caches off
        clean_to_coherency(reinterpret_cast<u64>(&secondary_boot) + at);
    }
    dsb_sy();
    const device_tree& all = tree();
    for (auto cpu = all.find_type("cpu"); cpu; cpu = all.find_type("cpu", cpu)) {
        device_tree::range id{};
        if (!all.reg(cpu, 0, id)) {
            continue;
        }
        ++listed;
        if (id.base != cpus[0].mpidr && running < most_cpus && start(running, id.base)) {
            ++running;
        }
    }
    if (running < listed) {
        print("processors: ", listed - running, " of ", listed, " are left alone\n");
    }
}

void on_cpu(u32 number, work what) noexcept {
    if (number == this_cpu().number) {
        what();
        return;
    }
    while (!is_idle(number)) {
        pause();
    }
    __atomic_store_n(&cpus[number].to_do, what, __ATOMIC_RELEASE);
    wake(number);
}

bool is_idle(u32 number) noexcept { return load(cpus[number].to_do) == nullptr; }

bool interrupt_this_cpu() noexcept {
    const u64& woken = this_cpu().woken;
    const u64 before = __atomic_load_n(&woken, __ATOMIC_RELAXED);
    if (gic::name() == nullptr) {
        return false;
    }
    gic::send_to_self(gic::sgi_wake);
    const u64 begin = nanoseconds();
    while (__atomic_load_n(&woken, __ATOMIC_RELAXED) == before && nanoseconds() - begin < 1'000'000'000) {
        pause();
    }
    return __atomic_load_n(&woken, __ATOMIC_RELAXED) != before;
}

void stop_this_cpu() noexcept {
    irq_disable();
    live_leave();
    psci::cpu_off();
    abort_run("firmware does not stop a processor");
}

bool start_again(u32 number) noexcept { return psci::is_off(cpus[number].mpidr) && turn_on(number) == 0; }

void on_all(work what) noexcept {
    const u32 self = this_cpu().number;
    for (u32 i = 0; i < running; ++i) {
        if (i != self) {
            on_cpu(i, what);
        }
    }
    what();
    for (u32 i = 0; i < running; ++i) {
        while (i != self && !is_idle(i)) {
            pause();
        }
    }
}

extern "C" void secondary_main(u64 number) noexcept {
    per_cpu& cpu = cpus[number];
    write_tpidr(reinterpret_cast<u64>(&cpu));
    gic::begin_on_this_cpu();
    if (steal_time::is_offered()) {
        steal_time::begin_on_this_cpu();
    }
    live_join();
    __atomic_store_n(&cpu.online, 1U, __ATOMIC_RELEASE);
    for (;;) {
        irq_disable(); // an interrupt between the question and wfi would be slept through
        const work what = load(cpu.to_do);
        if (what == nullptr) {
            sleep();
            irq_enable();
            continue;
        }
        irq_enable();
        what();
        __atomic_store_n(&cpu.to_do, nullptr, __ATOMIC_RELEASE);
    }
}

} // namespace kernel
