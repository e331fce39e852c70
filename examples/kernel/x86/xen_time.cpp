// SPDX-License-Identifier: BSL-1.0
//
// xen_time: Xen's clocks and its timer.
//
// What. Time since Xen started, time that others had this vCPU's processor, and an event every millisecond.
// Why. A guest's TSC goes on while the guest does not run, and may change its speed when it moves.
// How. Each vCPU has a timer of its own. Xen keeps {TSC, nanoseconds, factor} in memory (clock.hpp reads it). A
// runstate says where time went. The timer is VIRQ_TIMER on an event channel, set anew after each event.
#include "clock.hpp"
#include "per_cpu.hpp"
#include "trap.hpp"
#include "xen.hpp"

namespace kernel::xen {

namespace {

constexpr u64 period = 1'000'000; // nanoseconds

void set_timer() noexcept { (void)make(call::set_timer_op, clock() + period); }

} // namespace

u64 clock() noexcept { return read_pvclock(const_cast<const time_info&>(this_vcpu().time), read_tsc); }

u64 stolen() noexcept {
    runstate state{};
    if (make(call::vcpu_op, get_runstate, this_cpu().number, word(&state)) != 0) {
        return 0;
    }
    return state.time[runnable] + state.time[offline];
}

void take_timer() noexcept {
    kernel::take_tick();
    set_timer();
}

u32 begin_timer() noexcept {
    (void)make(call::vcpu_op, stop_periodic_timer, this_cpu().number, 0);
    bind_virq timer{virq_timer, this_cpu().number, 0};
    if (make(call::event_channel_op, bind_virq_command, word(&timer)) != 0) {
        return 0;
    }
    set_timer();
    return timer.port;
}

} // namespace kernel::xen
