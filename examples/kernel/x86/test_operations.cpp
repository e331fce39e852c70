// SPDX-License-Identifier: BSL-1.0
//
// test_operations: paravirt operations do the same patched and unpatched, natively and under Xen.
//
// What. The irq guard in all four combinations, and sites against the functions that their tables hold.
// Why. An instruction in place of a call must be equivalent to it: fixes have been lost that way.
// How. A site's result is compared with that of a call through the table, and with the state of the machine.
#include "boot.hpp"
#include "clock.hpp"
#include "harness.hpp"
#include "irq.hpp"
#include "paging.hpp"
#include "per_cpu.hpp"

#include <inlay/pv/linux.hpp>

namespace kernel {

namespace {

namespace pv = inlay::x86::pv;

template <class Operation>
[[nodiscard]] auto* through_table(const Operation& operation) noexcept {
    return reinterpret_cast<typename Operation::function*>(operation.target());
}
[[nodiscard]] bool enabled() noexcept { return (pv::save_fl() & interrupt_flag) != 0; }

/// Whether a timer interrupt comes in this time. The test gives up only after the time has passed by the clock and in
/// instructions. The clock may jump in an emulator that was not scheduled for a while.
[[nodiscard]] bool tick_within(u64 nanoseconds) noexcept {
    const u64 before = this_cpu().interrupts;
    const u64 begin = sched_clock();
    for (u32 i = 0; i < 10'000 || sched_clock() - begin < nanoseconds; ++i) {
        if (this_cpu().interrupts != before) {
            return true;
        }
        pause();
    }
    return false;
}

void test_guard() noexcept {
    const report_prefix prefix{"irq"};
    constexpr bool both[] = {true, false};
    for (const bool before : both) {
        for (const bool inside : both) {
            before ? pv::irq_enable() : pv::irq_disable();
            bool off = false;
            {
                const irq_guard guard;
                off = !enabled();
                inside ? pv::irq_enable() : pv::irq_disable();
            }
            // Restoring may turn interrupts on; it never turns them off.
            const bool right = off && enabled() == (before || inside);
            report(right, before ? (inside ? "guard: on before, on inside" : "guard: on before, off inside")
                                 : (inside ? "guard: off before, on inside" : "guard: off before, off inside"));
        }
    }
    pv::irq_disable();
    report(!tick_within(5'000'000), "no timer interrupt while they are off");
    pv::irq_enable();
    report(tick_within(2'000'000'000), "timer interrupts while they are on");
}

constinit const char* missing = "";

} // namespace

void test_operations() noexcept {
    const report_prefix prefix{"pv"};
    test_guard();
    report((pv::save_fl() & interrupt_flag) == (through_table(pv::irq.save_fl)() & interrupt_flag),
           "save_fl: the site and the table agree");
    pv::write_cr2(0x1234);
    report(pv::read_cr2() == 0x1234 && through_table(pv::mmu.read_cr2)() == 0x1234,
           "read_cr2: what write_cr2 wrote, by the site and by the table");
    const u64 tables = pv::read_cr3();
    pv::write_cr3(tables);
    report(tables == pv::read_cr3() && tables == through_table(pv::mmu.read_cr3)(), "read_cr3 and write_cr3 agree");
    const u64 entry = page_at(reinterpret_cast<u64>(&missing));
    report(pv::pte_val(pv::make_pte(entry)) == entry && pv::pmd_val(pv::make_pmd(entry)) == entry &&
               pv::pud_val(pv::make_pud(entry)) == entry && pv::p4d_val(pv::make_p4d(entry)) == entry &&
               pv::pgd_val(pv::make_pgd(entry)) == entry &&
               pv::pte_val(through_table(pv::mmu.make_pte)(entry)) == entry,
           "make_* and *_val are each other's inverse at all levels");
    report((entry & page::address) == (physical(&missing) & page::address), "an entry has the frame that we count by");
    pv::wbinvd();
    pv::flush_tlb_user();
    report(true, "wbinvd and flush_tlb_user come back"); // fails by a crash

    u32 lock = 0x01020301;
    pv::queued_spin_unlock(&lock);
    const bool by_site = lock == 0x01020300;
    lock = 0x01020301;
    through_table(pv::lock.queued_spin_unlock)(&lock);
    report(by_site && lock == 0x01020300, "queued_spin_unlock clears the first byte, by the site and by the table");
    report(!pv::vcpu_is_preempted(0) && !through_table(pv::lock.vcpu_is_preempted)(0),
           "this vCPU is not preempted, since it asks");
    inlay::on_missing_operation([](const char* operation) noexcept { missing = operation; });
    pv::queued_spin_lock_slowpath(&lock, 1);
    const char* const expected = "lock.queued_spin_lock_slowpath";
    bool same = true;
    for (unsigned i = 0; same && (expected[i] != '\0' || missing[i] != '\0'); ++i) {
        same = expected[i] == missing[i];
    }
    report(same, "an operation without a target is reported by its name");
}

} // namespace kernel
