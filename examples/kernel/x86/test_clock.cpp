// SPDX-License-Identifier: BSL-1.0
//
// test_clock: clocks, and the hypervisors that offer them.
//
// What. The clock goes on, at the timer's speed; a hypervisor's clock is read right; vendors are told apart.
// Why the made-up ones. KVM, Hyper-V and VMware cannot be had under an emulator, but their formats can.
// How. Arithmetic on known numbers; a time-stamp counter that acts as a hypervisor, and changes the data while they are
// read.
#include "boot.hpp"
#include "clock.hpp"
#include "harness.hpp"
#include "hypervisor.hpp"
#include "per_cpu.hpp"
#include "trap.hpp"

namespace kernel {

namespace {

[[nodiscard]] u32 letters(const char* at) noexcept {
    return u32{static_cast<u8>(at[0])} | u32{static_cast<u8>(at[1])} << 8 | u32{static_cast<u8>(at[2])} << 16 |
           u32{static_cast<u8>(at[3])} << 24;
}
[[nodiscard]] bool is_vendor(const char* text, hypervisor_kind kind) noexcept {
    return vendor_of(letters(text), letters(text + 4), letters(text + 8)) == kind;
}

void test_pvclock() noexcept {
    xen::time_info time{};
    time.version = 2;
    time.tsc = 1000;
    time.nanoseconds = 5'000'000'000;
    time.multiplier = 0x80000000; // a half, ...
    time.shift = 2;               // ... after times four
    report(read_pvclock(time, [] { return u64{1000 + 64}; }) == 5'000'000'128,
           "pvclock: 64 ticks are 128 ns by factor 2");
    time.shift = -1;
    report(read_pvclock(time, [] { return u64{1000 + 64}; }) == 5'000'000'016,
           "pvclock: 64 ticks are 16 ns by factor 1/4");
    unsigned readings = 0;
    const u64 now = read_pvclock(time, [&] {
        if (readings++ == 0) { // the hypervisor comes in between
            time.version = 4;
            time.nanoseconds = 6'000'000'000;
        }
        return u64{1000};
    });
    report(now == 6'000'000'000 && readings == 2, "pvclock: a change while reading is seen, and read again");
    report(scale(~u64{0}, 0x40000000, 0) == ~u64{0} / 4, "scale: no bit is lost on 64 bits");
}

} // namespace

void test_clock() noexcept {
    const report_prefix prefix{"clock"};
    report(is_vendor("XenVMMXenVMM", hypervisor_kind::xen) && is_vendor("KVMKVMKVM\0\0\0", hypervisor_kind::kvm) &&
               is_vendor("Microsoft Hv", hypervisor_kind::hyperv) &&
               is_vendor("VMwareVMware", hypervisor_kind::vmware) && is_vendor("TCGTCGTCGTCG", hypervisor_kind::tcg) &&
               is_vendor("nobody we are", hypervisor_kind::unknown),
           "hypervisors are told by their leaf");
    report(hypervisor_by_site() == hypervisor() && hypervisor() != hypervisor_kind::unknown,
           "the patched instruction names the hypervisor");
    test_pvclock();
    const bool xen = iret_slot == &xen_iret;
    report(which_clock() == (xen ? clock_kind::xen : clock_kind::tsc), "sched_clock is the clock for this machine");
    u64 before = sched_clock();
    bool forward = true;
    for (unsigned i = 0; i < 10'000; ++i) {
        const u64 now = sched_clock();
        forward = forward && now >= before;
        before = now;
    }
    report(forward, "sched_clock never goes back");
    const u64 ticks = this_cpu().interrupts;
    const u64 begin = sched_clock();
    while (this_cpu().interrupts < ticks + 10 && sched_clock() - begin < 3'000'000'000) {
        pause();
    }
    const u64 passed = sched_clock() - begin;
    report(this_cpu().interrupts >= ticks + 10 && passed > 2'000'000, "ten ticks of a millisecond take time");
    const u64 stolen = steal_clock();
    report(xen ? steal_clock() >= stolen : stolen == 0, "steal_clock is zero natively, and does not go back");
}

} // namespace kernel
