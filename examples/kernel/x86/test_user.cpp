// SPDX-License-Identifier: BSL-1.0
//
// test_user: ring 3 and the ways between.
//
// What. A program that prints, one that does forbidden things, one that goes in and out 100,000 times.
// Why. SWAPGS is right only if it is executed exactly as often as %gs must change: once too often, and user code's base
// is the kernel's. The parity test has user code look at its own base after each return, and the kernel at both.
// How. Counters of per_cpu; trap.cpp checks %gs at each entry from ring 3.
#include "boot.hpp"
#include "harness.hpp"
#include "irq.hpp"
#include "per_cpu.hpp"
#include "trap.hpp"
#include "user.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

namespace {

void test_parity() noexcept {
    constexpr u64 entries = 100'000;
    constexpr u64 by_exception = entries / 16;
    const per_cpu& cpu = this_cpu();
    const u64 calls = cpu.syscalls;
    const u64 all = cpu.from_user;
    const u64 interrupts = cpu.interrupts;
    report(run_user(user_program::parity, entries) == 0, "user code finds its own %gs after each of 100000 returns");
    report(cpu.syscalls - calls == entries - by_exception + 1, "as many system calls as user code made");
    const u64 others = cpu.from_user - all - (entries + 1);
    report(others <= cpu.interrupts - interrupts, "as many entries from ring 3 as calls, exceptions and interrupts");
    report(cpu.wrong_gs == 0, "the kernel finds its own %gs, and the user's in its place, at every entry");
}

void test_memory() noexcept {
    char text[8];
    report(copy_from_user(text, USER_DATA, 8) && text[0] == 0x0d, "the kernel reads user memory where it says so");
    report(!copy_from_user(text, KERNEL_BASE, 8), "an address of the kernel's is no user memory");
    if (!inlay::x86::holds(inlay::cpu.smap.probe(), inlay::x86::this_cpu{}) || iret_slot == &xen_iret) {
        skip("no SMAP to refuse other access to user memory");
        return;
    }
    const seen_trap seen = provoke(vector::page_fault, [] { (void)*reinterpret_cast<const volatile u64*>(USER_DATA); });
    report(seen && seen.frame.error == 1 && seen.cr2 == USER_DATA, "with SMAP, other access to user memory faults");
}

} // namespace

void test_user() noexcept {
    const report_prefix prefix{"user"};
    report(run_user(user_program::hello, 0) == 18 && written_by_user() == 18, "a program prints by a system call");
    const seen_trap seen = provoke(vector::general_protection, [] { (void)run_user(user_program::privileged, 0); });
    report(seen && seen.frame.from_user() && seen.frame.error == 0, "cli in ring 3 is a general protection fault");
    const u64 ticks = this_cpu().interrupts;
    report(run_user(user_program::spin, ticks + 10) == 0 && this_cpu().interrupts >= ticks + 10,
           "interrupts come while user code runs");
    test_memory();
    test_parity();
    report((inlay::x86::pv::save_fl() & interrupt_flag) != 0, "interrupts are on again after ring 3");
}

} // namespace kernel
