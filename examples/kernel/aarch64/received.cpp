// SPDX-License-Identifier: BSL-1.0
//
// received: the handlers, the wait and the check. See received.hpp.
#include "received.hpp"

#include "gic.hpp"
#include "harness.hpp"

#include <inlay/code_rules.hpp>

namespace kernel {

constinit u32 received_count[most_cpus]{};
constinit u32 received_number[most_cpus]{};
constinit int received_sender[most_cpus]{};
constinit u32 spurious_count[most_cpus]{};

namespace {

constexpr u64 poll_us = 100'000;
constexpr unsigned most_polls = 50;

template <class T>
[[gnu::always_inline]] inline T load(const T& from) noexcept {
    return __atomic_load_n(&from, __ATOMIC_RELAXED);
}
template <class T>
[[gnu::always_inline]] inline void store(T& to, T value) noexcept {
    __atomic_store_n(&to, value, __ATOMIC_RELAXED);
}
/// One writer: no atomic addition.
[[gnu::always_inline]] inline void count(u32& one) noexcept { store(one, load(one) + 1); }

#ifdef KERNEL_MUTATION_LATE_IPI
constinit bool one_is_late = false;
#endif

/// Apart, because it is rare.
[[gnu::noinline, gnu::cold]] void take_spurious(u32 cpu) noexcept {
    count(spurious_count[cpu]);
    inlay::code_point<"ipi.counted">();
    dsb_ishst();
}

[[gnu::always_inline]] inline void take_one() noexcept {
    const u32 taken = gic::acknowledge();
    const u32 number = gic::number_of(taken);
    const u32 cpu = this_cpu().number;
    if (gic::is_special(number)) {
        take_spurious(cpu);
        return;
    }
    gic::end_of_interrupt(taken);
    inlay::code_point<"ipi.ended">(); // code_rules.cpp
#ifdef KERNEL_MUTATION_EOI_BARRIER
    dmb_ishld();
#endif
    const int sender = gic::sender_of(taken);
    if (gic::handle_sgi(number, sender)) { // the kernel's own
        return;
    }
    store(received_sender[cpu], sender);
    store(received_number[cpu], number);
    inlay::code_point<"ipi.recorded">();
#ifndef KERNEL_MUTATION_NO_HANDLER_DMB
    dmb_ishst(); // check_received() has the other half
#endif
    inlay::code_point<"ipi.count">();
    count(received_count[cpu]);
    inlay::code_point<"ipi.counted">();
#ifndef KERNEL_MUTATION_NO_HANDLER_DSB
    dsb_ishst(); // complete, before the checker's time is over
#endif
#ifdef KERNEL_MUTATION_LATE_IPI
    if (cpu == 0 && !one_is_late) { // 50 ms after the one that was expected
        one_is_late = true;
        delay_us(poll_us / 2);
        gic::send_to_self(number);
    }
#endif
}

} // namespace

void take_ipi() noexcept {
    take_one();
#ifdef KERNEL_MUTATION_SPURIOUS_IPI
    take_one(); // nothing is pending
#endif
}

void take_self_ipi() noexcept {
    const u32 taken = gic::acknowledge();
    const u32 number = gic::number_of(taken);
    const u32 cpu = this_cpu().number;
    if (gic::is_special(number)) {
        count(spurious_count[cpu]);
        return;
    }
    // The priority drops here; it stays active (split_end_of_interrupt()) until the distributor is told.
    gic::end_of_interrupt(taken);
    gic::deactivate(number);
    const int sender = gic::sender_of(taken);
    if (gic::handle_sgi(number, sender)) { // the kernel's own
        return;
    }
    store(received_sender[cpu], sender);
    store(received_number[cpu], number);
#ifdef KERNEL_MUTATION_SELF_BARRIER
    dmb_ishst();
#endif
    count(received_count[cpu]);
}

void reset_statistics() noexcept {
    // No barrier: the code that sends an interrupt orders these stores before it.
    for (u32 cpu = 0; cpu < most_cpus; ++cpu) {
        store(received_count[cpu], 0U);
        store(received_number[cpu], gic::spurious);
        store(received_sender[cpu], -1);
        store(spurious_count[cpu], 0U);
    }
#ifdef KERNEL_MUTATION_RESET_BARRIER
    dsb_ishst();
#endif
}

void wait_for_interrupts(u32 mask) noexcept {
    for (unsigned polls = 0; polls < most_polls; ++polls) {
        u32 got = 0;
        for (u32 cpu = 0; cpu < cpus_running(); ++cpu) {
            got |= load(received_count[cpu]) != 0 ? 1U << cpu : 0U;
        }
        if ((got & mask) == mask) {
            delay_us(poll_us); // strays
            return;
        }
        delay_us(poll_us);
    }
    info("interrupts timed-out (5s)");
}

bool check_received(u32 mask, int sender, u32 number) noexcept {
    u32 missing = 0;
    u32 extra = 0;
    u32 unexpected = 0;
    bool right = true;
    for (u32 cpu = 0; cpu < cpus_running(); ++cpu) {
        const bool expected = (mask >> cpu & 1U) != 0;
        const u32 got = load(received_count[cpu]);
        inlay::code_point<"check.counted">();
        missing += expected && got == 0 ? 1U : 0U;
        extra += expected && got > 1 ? 1U : 0U;
        unexpected += !expected && got != 0 ? 1U : 0U;
        if (got == 0) {
            continue;
        }
#ifndef KERNEL_MUTATION_NO_CHECKER_DMB
        dmb_ishld(); // take_ipi() has the other half
#endif
        inlay::code_point<"check.rest">();
        const u32 its_number = load(received_number[cpu]);
        const int its_sender = load(received_sender[cpu]);
        if (its_sender != sender) {
            info("cpu", cpu, " received IPI from wrong sender ", its_sender);
            right = false;
        }
        if (its_number != number) {
            info("cpu", cpu, " received wrong irq ", its_number);
            right = false;
        }
    }
    if (missing + extra + unexpected != 0) {
        info("ACKS: missing=", missing, " extra=", extra, " unexpected=", unexpected);
        right = false;
    }
    return right;
}

void check_spurious() noexcept {
    for (u32 cpu = 0; cpu < cpus_running(); ++cpu) {
        if (const u32 got = load(spurious_count[cpu]); got != 0) {
            warn("cpu", cpu, " got ", got, " spurious interrupts");
        }
    }
}

} // namespace kernel
