// SPDX-License-Identifier: BSL-1.0
//
// test_live: text changes while other processors run through it.
//
// What. A key, a switch, three static calls and the handler of interrupts change 10,000 times (live=N: as often). All
// other processors run through the sites meanwhile; the second one also changes a key of its own. The last of three or
// more processors sends interrupts to all others, whose handler runs through the sites, too.
// Why. Once a change has returned, no pass that begins then may find the old form. The interrupt and the isb ensure
// this (text_window.hpp).
// How. live_sites.hpp has the sites, and how a pass is checked.
// Limits. An emulator has no caches, and fetches each instruction as a whole: tests/kernel_aarch64 looks at the
// instructions. And QEMU before 8.1 needs `-accel tcg,thread=single` here. With a thread for each processor, one thread
// may translate an instruction while another writes it. It then keeps the old instruction, even after barriers. (QEMU's
// commit deba78709a locks the page before the translation.)
#include "command_line.hpp"
#include "gic.hpp"
#include "harness.hpp"
#include "irq.hpp"
#include "live_sites.hpp"
#include "smp.hpp"
#include "text_window.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

namespace {

inline constexpr inlay::static_key<"live.key_of_cpu1", false> key_of_cpu1;

constinit u32 over = 0;
constinit u64 by_first = 0, by_second = 0; // interrupts, by handler
constinit u64 changes_of_cpu1 = 0, failures_of_cpu1 = 0;
constinit live::passes seen[most_cpus]{}, seen_in_interrupts[most_cpus]{};

/// A processor that has made so many passes since the last change sleeps until the next one interrupts it. (Else an
/// emulator with fewer processors of its own would spend its time on passes.)
constexpr u32 enough = 40;

void work_of_others() noexcept {
    live::passes& mine = seen[this_cpu().number];
    const bool changes = this_cpu().number == 1;
    u64 round = 0; // it changes its key once for each 128 changes of the first processor
    u64 last = 0;
    u32 count = 0;
    while (__atomic_load_n(&over, __ATOMIC_ACQUIRE) == 0) {
        live::pass(mine);
        const u64 now = live::state();
        count = now == last ? count + 1 : 0;
        last = now;
        if (changes && live::changes_by(now) >> 7 > round) {
            ++round;
            const bool value = round % 2 == 1;
            const bool done = static_cast<bool>(inlay::set(key_of_cpu1, value));
            changes_of_cpu1 += 1;
            failures_of_cpu1 += done && static_cast<bool>(key_of_cpu1) == value ? 0U : 1U;
        }
        if (count > enough) {
            irq_disable(); // an interrupt between the question and wfi would be slept through
            if (live::state() == now && __atomic_load_n(&over, __ATOMIC_ACQUIRE) == 0) {
                wait_for_interrupt();
            }
            irq_enable();
            count = 0;
        }
    }
}

void pass_in_interrupt(u32 /*sgi*/, int /*sender*/) noexcept { live::pass(seen_in_interrupts[this_cpu().number]); }

[[nodiscard]] bool with_storm() noexcept { return cpus_running() >= 3; }

/// The work of the last processor: an interrupt for each other one that has left the previous one.
void send_storm() noexcept {
    u64 sent[most_cpus]{};
    const u32 self = this_cpu().number;
    const auto left = [](u32 i) noexcept { return __atomic_load_n(&seen_in_interrupts[i].all, __ATOMIC_ACQUIRE); };
    while (__atomic_load_n(&over, __ATOMIC_ACQUIRE) == 0) {
        for (u32 i = 0; i < self; ++i) {
            if (left(i) == sent[i]) {
                ++sent[i];
                gic::send(i, gic::sgi_storm);
            }
        }
        live::pass(seen[self]);
        pause(); // an emulator with fewer processors of its own goes on with another one
    }
    for (u32 i = 0; i < self; ++i) {
        while (left(i) != sent[i]) {
            pause();
        }
    }
}

void first_handler() noexcept {
    __atomic_fetch_add(&by_first, 1U, __ATOMIC_RELAXED);
    gic::take_interrupt();
}
void second_handler() noexcept {
    __atomic_fetch_add(&by_second, 1U, __ATOMIC_RELAXED);
    gic::take_interrupt();
}

/// The change with this number. It notes the values of the sites afterwards.
[[nodiscard]] inlay::outcome change(u64 number, live::found& sites) noexcept {
    const u64 value = number / 6;
    if (number % 6 < live::kinds) {
        return live::change(static_cast<live::kind>(number % 6), value, sites);
    }
    return inlay::update(handle_irq, value % 2 == 1 ? &first_handler : &second_handler);
}

} // namespace

void test_live() noexcept {
    const report_prefix prefix{"live"};
    if (cpus_running() > 1 && gic::name() == nullptr) {
        skip("no interrupt controller, so that no processor can ask another for anything");
        return;
    }
    const u64 changes = number_for("live", 10'000);
    live::found sites = live::declared;
    live::begin(sites);
    __atomic_store_n(&over, 0U, __ATOMIC_RELEASE);
    gic::on_sgi(gic::sgi_storm, &pass_in_interrupt);
    for (u32 i = 1; i < cpus_running(); ++i) {
        on_cpu(i, with_storm() && i == cpus_running() - 1 ? &send_storm : &work_of_others);
    }
    for (u32 i = 1; i < cpus_running(); ++i) {
        while (__atomic_load_n(&seen[i].all, __ATOMIC_RELAXED) == 0) {
            pause();
        }
    }
    const u64 stops_before = standstills();
    const u64 begin = nanoseconds();
    u64 failures = 0;
    u64 written = 0;
    for (u64 i = 0; i < changes; ++i) {
        live::say_changing(i);
        const inlay::outcome done = change(i, sites);
        failures += done ? 0U : 1U;
        written += done.written;
        live::say_changed(i, sites);
        live::pass(seen[0]);
    }
    const u64 time = nanoseconds() - begin;
    const u64 stops = standstills() - stops_before;
    __atomic_store_n(&over, 1U, __ATOMIC_RELEASE);
    if (cpus_running() > 1) {
        gic::send_to_others(gic::sgi_wake);
    }
    live::passes sum{}, storm{};
    bool all_ran = true;
    for (u32 i = 0; i < cpus_running(); ++i) {
        while (i != 0 && !is_idle(i)) {
            pause();
        }
        all_ran = all_ran && seen[i].all != 0 && seen[i].settled != 0;
        sum.add(seen[i]);
        storm.add(seen_in_interrupts[i]);
    }
    set_irq_handler(&gic::take_interrupt);
    sum.add(storm);
    const u64 of_zero = (changes + 1) / 6; // changes with number % 6 == 4; the first of them is from a function to zero
    info(changes, " changes, ", written, " instructions written, in ", time / 1'000'000, " ms; ", stops,
         " standstills");
    info(sum.all, " passes, ", cpus_running(), " processors, ", sum.settled, " of them between changes, ", storm.all,
         " in interrupts of a storm");
    report(failures == 0 && written >= changes - 3, "each change is made");
    report(all_ran && (storm.all != 0) == with_storm(), "all processors ran through the sites");
    report(sum.illegal == 0, "each pass found the old or the new form of each site");
    report(sum.stale == 0, "no pass that began after a change found the old form");
    report(stops == (cpus_running() > 1 ? of_zero : 0),
           "the others stood still for instructions that may not be exchanged, and for these alone");
    if (cpus_running() > 1) {
        report(by_first != 0 && by_second != 0, "interrupts came while their handler changed, to both handlers");
        report(changes_of_cpu1 != 0 && failures_of_cpu1 == 0, "changes by two processors wait for each other");
    }
}

} // namespace kernel
