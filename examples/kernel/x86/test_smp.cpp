// SPDX-License-Identifier: BSL-1.0
//
// test_smp: several processors on patched text.
//
// What. All of them run. Each finds its own data and the same answers. Interrupts arrive where they were sent. A lock
// whose release is an inlined instruction keeps its promise.
// Why. The others started after apply(): not one of them may have fetched the old text.
// How. Work handed out by smp::on_all; sums that come out wrong if the lock does.
#include "apic.hpp"
#include "boot.hpp"
#include "clock.hpp"
#include "command_line.hpp"
#include "harness.hpp"
#include "hypervisor.hpp"
#include "irq.hpp"
#include "per_cpu.hpp"
#include "smp.hpp"

#include <inlay/pv/linux.hpp>

namespace kernel {

namespace {

namespace pv = inlay::x86::pv;

constexpr u32 increments = 5'000;
constinit u32 lock = 0;
constinit volatile u64 sum = 0;

void acquire() noexcept {
    u32 free = 0;
    while (!__atomic_compare_exchange_n(&lock, &free, 1U, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        free = 0;
        pv::wait(reinterpret_cast<u8*>(&lock), 1); // until the hypervisor says so; nothing, where it does not
        if (!pv::vcpu_is_preempted(0)) {
            pause();
        }
    }
}

void count_up() noexcept {
    for (u32 i = 0; i < increments; ++i) {
        acquire();
        sum = sum + 1;
        pv::queued_spin_unlock(&lock);
    }
}

void look() noexcept {
    per_cpu& cpu = this_cpu();
    const bool native = iret_slot != &xen_iret; // a guest of Xen's has no APIC, and no task register
    const bool right = cpu.self == &cpu && (!native || cpu.apic_id == apic::id()) &&
                       (pv::save_fl() & interrupt_flag) != 0 && (!native || pv::store_tr() == TSS_SELECTOR) &&
                       hypervisor_by_site() == hypervisor();
    cpu.agrees = right ? 1 : 0;
}

[[nodiscard]] bool all_got_one(const u64* before) noexcept {
    bool all = true;
    for (u32 i = 0; i < smp::count(); ++i) {
        all = all && cpus[i].ipis == before[i] + 1;
    }
    return all;
}

} // namespace

void test_smp() noexcept {
    const report_prefix prefix{"smp"};
    report(smp::count() == smp::known() && smp::count() == number_for("cpus", smp::count()),
           "every processor that there is runs");
    smp::on_all(&look);
    bool all = true;
    for (u32 i = 0; i < smp::count(); ++i) {
        all = all && cpus[i].agrees == 1;
    }
    report(all, "each finds its own data, interrupts on, and the same answers");
    smp::on_all(&count_up);
    report(sum == u64{increments} * smp::count(), "no increment is lost under the lock");
    u64 before[most_cpus]{};
    for (u32 i = 0; i < smp::count(); ++i) {
        before[i] = cpus[i].ipis;
    }
    for (u32 i = 0; i < smp::count(); ++i) {
        send_interrupt(i, vector::ipi);
    }
    const u64 begin = sched_clock();
    while (!all_got_one(before) && sched_clock() - begin < 2'000'000'000) {
        pause();
    }
    report(all_got_one(before), "an interrupt sent to each arrives there, once");
}

} // namespace kernel
