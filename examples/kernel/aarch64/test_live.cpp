// SPDX-License-Identifier: BSL-1.0
//
// test_live: text changes while other processors run through it.
//
// What. A key, a switch, three static calls, a hook and the handler of interrupts change 10,000 times (live=N: as often).
// All other processors run through the sites meanwhile; the second one also changes a key of its own. The last of three
// or more processors sends interrupts to all others, whose handler runs through the sites, too. With four or more, the
// third one stops and starts again meanwhile, also while the others stand still.
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
#include "live_figures.hpp"
#include "live_sites.hpp"
#include "smp.hpp"
#include "text_window.hpp"

#include <inlay/kernel.hpp>

extern "C" const kernel::u8 figure_sites[];

namespace kernel {

namespace {

inline constexpr inlay::static_key<"live.key_of_cpu1", false> key_of_cpu1;

constinit u32 over = 0;
constinit u64 by_first = 0, by_second = 0; // interrupts, by handler
constinit u64 changes_of_cpu1 = 0, failures_of_cpu1 = 0;
constinit live::passes seen[most_cpus]{}, seen_in_interrupts[most_cpus]{};

// ---- The third processor stops, and starts again.

constexpr u32 comes_and_goes = 2;
[[nodiscard]] bool with_starts() noexcept { return cpus_running() >= 4; }

/// Each step is taken by one processor alone: by the last one, the third, the first, and the third.
enum class step : u32 { runs, is_to_stop, is_off, starts };
constinit u32 step_of_third = static_cast<u32>(step::runs);
[[nodiscard]] step load_step() noexcept { return static_cast<step>(__atomic_load_n(&step_of_third, __ATOMIC_ACQUIRE)); }
void store_step(step to) noexcept { __atomic_store_n(&step_of_third, static_cast<u32>(to), __ATOMIC_RELEASE); }

constinit u64 starts = 0;               ///< after which it has run through the sites
constinit u64 starts_in_standstill = 0; ///< while the others stood still
constinit u64 starts_between = 0;       ///< between two changes
constinit u64 intruders = 0;            ///< standstills in which another processor ran through the sites

[[nodiscard]] bool start_third() noexcept {
    store_step(step::starts); // before it can run
    const bool asked = start_again(comes_and_goes);
    if (!asked) {
        store_step(step::is_off); // not quite
    }
    return asked;
}

[[nodiscard]] u64 passes_of_others() noexcept {
    u64 sum = 0;
    for (u32 i = 1; i < cpus_running(); ++i) {
        sum += __atomic_load_n(&seen[i].all, __ATOMIC_RELAXED) +
               __atomic_load_n(&seen_in_interrupts[i].all, __ATOMIC_RELAXED);
    }
    return sum;
}

/// All others stand still. Now and then the third one starts at this moment, and must not run yet.
void look_at_standstill() noexcept {
    const u64 before = passes_of_others();
    u32 patience = 20;
    if (this_cpu().number == 0 && with_starts() && load_step() == step::is_off &&
        starts_in_standstill <= starts_between && start_third()) {
        ++starts_in_standstill;
        while (__atomic_load_n(&cpus[comes_and_goes].answers, __ATOMIC_ACQUIRE) == 0) {
            pause();
        }
        patience = 200;
    }
    for (u32 i = 0; i < patience; ++i) {
        pause();
    }
    intruders += passes_of_others() == before ? 0U : 1U;
}

/// A processor that has made so many passes since the last change sleeps until the next one interrupts it. (Else an
/// emulator with fewer processors of its own would spend its time on passes.)
constexpr u32 enough = 40;

void work_of_others() noexcept {
    live::passes& mine = seen[this_cpu().number];
    const bool changes = this_cpu().number == 1;
    const bool third = this_cpu().number == comes_and_goes && with_starts();
    u64 round = 0; // it changes its key once for each 128 changes of the first processor
    u64 last = 0;
    u32 count = 0;
    while (__atomic_load_n(&over, __ATOMIC_ACQUIRE) == 0) {
        live::pass(mine);
        if (third && load_step() == step::starts) {
            ++starts;
            store_step(step::runs);
        } else if (third && load_step() == step::is_to_stop) {
            store_step(step::is_off);
            stop_this_cpu();
        }
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

/// Whether the processor, which has left its interrupts, may get another one. The third one is to stop now and then: with
/// none on its way, since a processor that starts forgets those.
[[nodiscard]] bool may_be_sent(u32 number) noexcept {
    static constinit u32 until_stop = 8;
    if (number != comes_and_goes || !with_starts()) {
        return true;
    }
    if (load_step() == step::runs && --until_stop == 0) {
        until_stop = 8;
        store_step(step::is_to_stop);
    }
    return load_step() == step::runs;
}

/// The work of the last processor: an interrupt for each other one that has left the previous one.
void send_storm() noexcept {
    u64 sent[most_cpus]{};
    const u32 self = this_cpu().number;
    const auto left = [](u32 i) noexcept { return __atomic_load_n(&seen_in_interrupts[i].all, __ATOMIC_ACQUIRE); };
    while (__atomic_load_n(&over, __ATOMIC_ACQUIRE) == 0) {
        for (u32 i = 0; i < self; ++i) {
            if (left(i) == sent[i] && may_be_sent(i)) {
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

constexpr u64 kinds = live::kinds + 1;

/// The change with this number. It notes the values of the sites afterwards.
[[nodiscard]] inlay::outcome change(u64 number, live::found& sites) noexcept {
    const u64 value = number / kinds;
    if (number % kinds < live::kinds) {
        return live::change(static_cast<live::kind>(number % kinds), value, sites);
    }
    return inlay::update(handle_irq, value % 2 == 1 ? &first_handler : &second_handler);
}

/// The time of a change by stores, and by a standstill.
void print_figures() noexcept {
    static constexpr u8 nop[] = {0x1f, 0x20, 0x03, 0xd5};
    static constexpr u8 jump[] = {0x01, 0x00, 0x00, 0x14};
    static constexpr u8 zero[] = {0x00, 0x00, 0x80, 0xd2}; // mov x0, #0: not exchangeable
    const change_lock lock;
    const text_window window;
    live::print_figures("stores", live_text(), {figure_sites, nop, jump, sizeof(nop)}, &nanoseconds, &live_requests);
    live::print_figures("standstill", live_text(), {figure_sites, nop, zero, sizeof(nop)}, &nanoseconds,
                        &live_requests);
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
    on_standstill(&look_at_standstill);
    const u64 stops_before = standstills();
    const u64 begin = nanoseconds();
    u64 failures = 0;
    u64 written = 0;
    const auto all_came = [] { return !with_starts() || (starts_in_standstill > 1 && starts_between > 1); };
    u64 made = 0;
    for (; made < changes || (!all_came() && nanoseconds() - begin < 30'000'000'000); ++made) {
        if (with_starts() && load_step() == step::is_off && starts_in_standstill > starts_between) {
            starts_between += start_third() ? 1U : 0U;
        }
        live::say_changing(made);
        const inlay::outcome done = change(made, sites);
        failures += done ? 0U : 1U;
        written += done.written;
        live::say_changed(made, sites);
        live::pass(seen[0]);
    }
    const u64 time = nanoseconds() - begin;
    const u64 stops = standstills() - stops_before;
    on_standstill(nullptr);
    __atomic_store_n(&over, 1U, __ATOMIC_RELEASE);
    if (cpus_running() > 1) {
        gic::send_to_others(gic::sgi_wake);
    }
    live::passes sum{}, storm{};
    bool all_ran = true;
    for (u32 i = 0; i < cpus_running(); ++i) {
        while (i != 0 && !is_idle(i)) {
            if (i == comes_and_goes && with_starts() && load_step() == step::is_off) {
                (void)start_third();
            }
            pause();
        }
        all_ran = all_ran && seen[i].all != 0 && seen[i].settled != 0;
        sum.add(seen[i]);
        storm.add(seen_in_interrupts[i]);
    }
    set_irq_handler(&gic::take_interrupt);
    sum.add(storm);
    const u64 of_zero = (made + kinds - 1 - static_cast<u64>(live::kind::a_call_or_zero)) / kinds; // the first: to zero
    info(made, " changes, ", written, " instructions written, in ", time / 1'000'000, " ms; ", stops, " standstills");
    info(sum.all, " passes, ", cpus_running(), " processors, ", sum.settled, " of them between changes, ", storm.all,
         " in interrupts of a storm");
    info(starts, " starts of a processor, ", starts_in_standstill, " of them while the others stood still");
    report(failures == 0 && written + live::idle_changes >= made, "each change is made");
    report(all_ran && (storm.all != 0) == with_storm(), "all processors ran through the sites");
    report(sum.illegal == 0, "each pass found the old or the new form of each site");
    report(sum.stale == 0, "no pass that began after a change found the old form");
    report(sum.forgotten == 0, "each processor had synchronised since the last change");
    report(stops == (cpus_running() > 1 ? of_zero : 0),
           "the others stood still for instructions that may not be exchanged, and for these alone");
    if (cpus_running() > 1) {
        report(intruders == 0, "while the others stood still, none ran through the sites");
        report(by_first != 0 && by_second != 0, "interrupts came while their handler changed, to both handlers");
        report(changes_of_cpu1 != 0 && failures_of_cpu1 == 0, "changes by two processors wait for each other");
    }
    if (with_starts()) {
        report(starts != 0 && starts_in_standstill != 0 && starts_between != 0,
               "a processor started meanwhile, and while the others stood still, and ran through the sites");
    }
    if (asked_for("figures")) {
        print_figures();
    }
}

} // namespace kernel
