// SPDX-License-Identifier: BSL-1.0
//
// test_gic_ipi: interrupts between processors.
//
// What. Processor 1 sends an interrupt to itself, to a list of processors, and to all others.
// Why. Each must come once, where it was sent, with its number and, on GICv2, its sender.
// How. Processor 1 sends, waits and checks; all take interrupts by take_ipi(). The sender is not processor 0, so that
// its number is not a value that a register holds by chance.
#include "gic.hpp"
#include "received.hpp"
#include "test_gic.hpp"

namespace kernel {

namespace {

constexpr u32 sender = 1;
#ifdef KERNEL_MUTATION_WRONG_NUMBER
constexpr u32 sent = gic::sgi_test + 1;
#else
constexpr u32 sent = gic::sgi_test;
#endif

constinit u32 finished = 0;

template <class Send>
void send_and_check(const char* name, u32 mask, Send send) noexcept {
    const report_prefix prefix{name};
    reset_statistics();
    send();
#ifdef KERNEL_MUTATION_EXTRA_IPI
    delay_us(10'000); // the first one has been taken
    send();
#endif
#ifdef KERNEL_MUTATION_UNEXPECTED_IPI
    gic::send((mask & 1U) != 0 ? 1 : 0, sent);
#endif
    wait_for_interrupts(mask);
    const bool right = check_received(mask, gic::reported_sender(sender), gic::sgi_test);
    check_spurious();
    report(right, "Interrupts received");
}

void send_all() noexcept {
    const u32 all = (1U << cpus_running()) - 1;
    const u32 listed = all & 0x55555555; // every second one, from 0
    send_and_check("self", 1U << sender, [] { gic::send_to_self(sent); });
#ifdef KERNEL_MUTATION_LOST_IPI
    send_and_check("target-list", listed, [listed] { gic::send_to(listed & ~1U, sent); });
#else
    send_and_check("target-list", listed, [listed] { gic::send_to(listed, sent); });
#endif
    send_and_check("broadcast", all & ~(1U << sender), [] { gic::send_to_others(sent); });
    __atomic_store_n(&finished, 1U, __ATOMIC_RELEASE);
    gic::send(0, gic::sgi_wake);
}

} // namespace

void test_ipi() noexcept {
    const interrupt_test test{"ipi"};
    if (!has_controller()) {
        return;
    }
    if (cpus_running() < 2) {
        abort_run("At least 2 cpus required");
    }
    const handled_by handler{&take_ipi};
    on_cpu(sender, &send_all);
    while (__atomic_load_n(&finished, __ATOMIC_ACQUIRE) == 0) {
        irq_disable(); // an interrupt between the question and wfi would be slept through
        if (__atomic_load_n(&finished, __ATOMIC_ACQUIRE) == 0) {
            wait_for_interrupt();
        }
        irq_enable();
    }
}

} // namespace kernel
