// SPDX-License-Identifier: BSL-1.0
//
// xen_time: Xen's clocks and its timer.
//
// What. Time since Xen started, time that others had this vCPU's processor, and an event every millisecond.
// Why. A guest's TSC goes on while the guest does not run, and may change its speed when it moves.
// How. Xen keeps {TSC, nanoseconds, factor} in memory (clock.hpp reads it); a runstate says where time went; the timer
// is VIRQ_TIMER on an event channel, set anew after each event.
#include "clock.hpp"
#include "per_cpu.hpp"
#include "trap.hpp"
#include "xen.hpp"

namespace kernel::xen {

namespace {

constexpr u64 period = 1'000'000; // nanoseconds
constinit u32 port = 0;

void set_timer() noexcept { (void)make(call::set_timer_op, clock() + period); }

/// Events are bits in three levels: this vCPU has some, in which words, which of them.
void take_events(trap_frame& frame) noexcept {
    (void)frame;
    vcpu->upcall_pending = 0;
    const u64 words = __atomic_exchange_n(const_cast<u64*>(&vcpu->pending_words), u64{0}, __ATOMIC_ACQ_REL);
    const u64 bit = u64{1} << (port & 63);
    if ((words >> (port >> 6) & 1) != 0 &&
        (__atomic_fetch_and(&shared->pending[port >> 6], ~bit, __ATOMIC_ACQ_REL) & bit) != 0) {
        kernel::take_tick();
        set_timer();
    }
}

} // namespace

u64 clock() noexcept { return read_pvclock(const_cast<const time_info&>(vcpu->time), read_tsc); }

u64 stolen() noexcept {
    runstate state{};
    if (make(call::vcpu_op, get_runstate, this_cpu().number, word(&state)) != 0) {
        return 0;
    }
    return state.time[runnable] + state.time[offline];
}

void begin_timer() noexcept {
    (void)make(call::vcpu_op, stop_periodic_timer, this_cpu().number, 0);
    bind_virq timer{virq_timer, this_cpu().number, 0};
    if (make(call::event_channel_op, bind_virq_command, word(&timer)) != 0) {
        return;
    }
    port = timer.port;
    on_interrupt(vector::timer, &take_events);
    (void)__atomic_fetch_and(&shared->mask[port >> 6], ~(u64{1} << (port & 63)), __ATOMIC_ACQ_REL);
    set_timer();
}

} // namespace kernel::xen
