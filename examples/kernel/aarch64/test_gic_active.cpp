// SPDX-License-Identifier: BSL-1.0
//
// test_gic_active: an interrupt stays active until the distributor is told.
//
// What. An interrupt to this processor itself; its handler ends the active state by GICD_ICACTIVER or GICR_ICACTIVER0.
// Why. A hypervisor moves the state of interrupts by these registers.
// How. EOI drops only the priority here, so nothing but the write to ICACTIVER deactivates. As long as an interrupt is
// active, the same one is not taken again: a second one that arrives shows that the first is not.
#include "gic.hpp"
#include "received.hpp"
#include "test_gic.hpp"

namespace kernel {

namespace {

[[nodiscard]] bool send_and_check() noexcept {
    const u32 self = this_cpu().number;
    reset_statistics();
    gic::send_to_self(gic::sgi_test);
    wait_for_interrupts(1U << self);
    const bool right = check_received(1U << self, gic::reported_sender(self), gic::sgi_test);
    check_spurious();
    if (gic::is_active(gic::sgi_test)) {
        info("the interrupt is still active");
        return false;
    }
    return right;
}

} // namespace

void test_active() noexcept {
    const interrupt_test test{"active"};
    if (!has_controller()) {
        return;
    }
    const report_prefix prefix{"self"};
    const handled_by handler{&take_self_ipi};
    gic::split_end_of_interrupt(true);
    const bool first = send_and_check();
    const bool second = send_and_check();
    gic::split_end_of_interrupt(false);
    report(first && second, "Interrupts received");
}

} // namespace kernel
