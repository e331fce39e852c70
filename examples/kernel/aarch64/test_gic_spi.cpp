// SPDX-License-Identifier: BSL-1.0
//
// test_gic_spi: interrupts of devices, raised by software.
//
// What. The last interrupt of the distributor, and one whose bits are in another register, are enabled, disabled and
// routed.
// Why. An interrupt must have its group, its priority and its target before it comes, and disabling one must leave the
// others enabled.
// How. GICD_ISPENDR makes an interrupt pending without a device. QEMU's machine has no device at these numbers.
#include "gic.hpp"
#include "received.hpp"
#include "test_gic.hpp"

namespace kernel {

namespace {

/// Whether `number` came to `cpu`, once, and nothing else came. It has no sender: GICv2 reads 0 there.
[[nodiscard]] bool received(u32 cpu, u32 number) noexcept {
    wait_for_interrupts(1U << cpu);
    const bool right = check_received(1U << cpu, gic::found_version == 2 ? 0 : -1, number);
    check_spurious();
    return right;
}
[[nodiscard]] bool received_none() noexcept {
    wait_for_interrupts(0);
    const bool right = check_received(0, -1, 0);
    check_spurious();
    return right;
}

} // namespace

void test_spi() noexcept {
    const interrupt_test test{"spi"};
    if (!has_controller()) {
        return;
    }
    const handled_by handler{&take_ipi};
    const u32 self = this_cpu().number;
    const u32 last = gic::the.interrupts - 1;
    const u32 other = last - 32;
    gic::route(last, self);
    gic::route(other, self);
    reset_statistics();
    gic::set_pending(last);
    report(received_none(), "no interrupt while it is disabled");
    gic::enable(last);
    report(received(self, last), "a pending interrupt is received when it is enabled");
    gic::enable(other);
    gic::disable(last);
    reset_statistics();
    gic::set_pending(last);
    gic::set_pending(other);
    report(received(self, other), "disabling one interrupt leaves the others");
    reset_statistics();
    gic::enable(last);
    report(received(self, last), "it is received when it is enabled again");
    if (cpus_running() > 1) {
        reset_statistics();
        gic::route(last, 1);
        gic::set_pending(last);
        report(received(1, last), "another processor receives it");
        gic::route(last, self);
    }
    gic::disable(last);
    gic::disable(other);
}

} // namespace kernel
