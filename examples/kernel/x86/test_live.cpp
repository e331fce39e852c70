// SPDX-License-Identifier: BSL-1.0
//
// test_live: text changes while other processors run through it, amid interrupts and NMIs.
//
// What. A key, a switch and three static calls change 1,000 times (live=N: as often). All other processors run through
// them, and so do their timers' interrupts, and the NMIs that the last processor sends (if there are three or more).
// Why. Each execution must see the old or the new instruction, also one in a context that nothing can hold off.
// How. live_sites.hpp has the sites, and how a pass is checked. A processor that has finished a pass of its own since its last
// NMI has left that, and gets another one: the iret of a breakpoint's handler unmasks NMIs, and a second one would use the
// stack of the first. (Linux has a way in for that: asm_exc_nmi.)
#include "apic.hpp"
#include "boot.hpp"
#include "clock.hpp"
#include "command_line.hpp"
#include "harness.hpp"
#include "live.hpp"
#include "live_sites.hpp"
#include "per_cpu.hpp"
#include "smp.hpp"
#include "text_window.hpp"

namespace kernel {

namespace {

/// Of one processor: what its work, its timer and its NMIs found.
struct counts {
    live::passes work, timer, nmi;
};

constinit u32 over = 0;
constinit counts seen[most_cpus]{};

void in_timer() noexcept { live::pass(seen[this_cpu().number].timer); }
void in_nmi() noexcept { live::pass(seen[this_cpu().number].nmi); }

[[nodiscard]] bool is_over() noexcept { return __atomic_load_n(&over, __ATOMIC_ACQUIRE) != 0; }

/// NMIs to all others, each when its processor has left the last one.
void send_nmis() noexcept {
    struct {
        u64 nmis, passes;
    } sent[most_cpus]{};
    const u32 self = this_cpu().number;
    while (!is_over()) {
        for (u32 i = 0; i < smp::count(); ++i) {
            const u64 passes = __atomic_load_n(&seen[i].work.all, __ATOMIC_RELAXED);
            if (i != self && __atomic_load_n(&cpus[i].nmis, __ATOMIC_ACQUIRE) == sent[i].nmis) {
                if (passes > sent[i].passes + 1) {
                    sent[i] = {.nmis = sent[i].nmis + 1, .passes = passes};
                    apic::send_nmi(cpus[i].apic_id);
                }
            } else {
                sent[i].passes = passes; // it may still be in that NMI, and in none of its passes
            }
        }
        live::pass(seen[self].work);
        pause();
    }
    for (u32 i = 0; i < smp::count(); ++i) {
        while (i != self && __atomic_load_n(&cpus[i].nmis, __ATOMIC_ACQUIRE) != sent[i].nmis) {
            pause();
        }
    }
}

[[nodiscard]] inlay::outcome change(u64 number, live::found& sites) noexcept {
    live::say_changing(number);
    const inlay::outcome done =
        live::change(static_cast<live::kind>(number % live::kinds), number / live::kinds, sites, live_text());
    live::say_changed(number, sites);
    return done;
}

struct result {
    u64 failures;
    u64 written;
};

/// What the first processor does meanwhile.
[[nodiscard]] result make_changes(u64 count) noexcept {
    live::found sites = live::declared;
    result all{};
    text_window window;
    for (u64 i = 0; i < count; ++i) {
        const inlay::outcome done = change(i, sites);
        all.failures += done ? 0U : 1U;
        all.written += done.written;
        live::pass(seen[0].work);
    }
    return all;
}

constinit u64 wanted_changes = 0;
constinit result made{};

/// One changes, one sends NMIs, and others run through the sites.
[[nodiscard]] bool with_nmis() noexcept { return smp::count() >= 3; }

/// The first processor changes, the last sends NMIs, the others run through the sites.
void work() noexcept {
    const u32 number = this_cpu().number;
    // An emulator needs most of a millisecond for the interrupts of many processors.
    apic::begin_timer(with_nmis() ? 10'000'000 : 500'000);
    if (number == 0) {
        made = make_changes(wanted_changes);
        __atomic_store_n(&over, 1U, __ATOMIC_RELEASE);
    } else if (with_nmis() && number == smp::count() - 1) {
        send_nmis();
    } else {
        while (!is_over()) {
            live::pass(seen[number].work);
            pause(); // an emulator with fewer processors of its own goes on with another one
        }
    }
    apic::begin_timer(number == 0 ? 1'000'000 : 0);
}

} // namespace

void test_live() noexcept {
    const report_prefix prefix{"live"};
    if (iret_slot == &xen_iret) {
        skip("dom0 has one vCPU");
        return;
    }
    wanted_changes = number_for("live", 1'000);
    live_begin();
    live::begin(live::declared);
    on_nmi(&in_nmi);
    on_tick(&in_timer);
    const u64 begin = sched_clock();
    const u64 breakpoints = live_breakpoints();
    smp::on_all(&work);
    const u64 time = sched_clock() - begin;
    on_tick(nullptr);
    on_nmi(nullptr);
    counts sum{};
    bool all_ran = true;
    for (u32 i = 0; i < smp::count(); ++i) {
        sum.work.add(seen[i].work);
        sum.timer.add(seen[i].timer);
        sum.nmi.add(seen[i].nmi);
        all_ran = all_ran && seen[i].work.all != 0;
    }
    live::passes all = sum.work;
    all.add(sum.timer);
    all.add(sum.nmi);
    info(wanted_changes, " changes, ", made.written, " instructions written, in ", time / 1'000'000, " ms");
    info(all.all, " passes by ", smp::count(), " processors, ", sum.timer.all, " of them in interrupts, ", sum.nmi.all,
         " in NMIs; ", live_breakpoints() - breakpoints, " breakpoints met");
    report(made.failures == 0 && made.written >= wanted_changes - 3, "each change is made");
    report(all_ran && sum.timer.all != 0 && (sum.nmi.all != 0) == with_nmis(),
           with_nmis() ? "processors, interrupts and NMIs ran through the sites"
                       : "processors and interrupts ran through the sites");
    report(all.illegal == 0, "each pass found the old or the new form of each site");
    report(sum.work.stale == 0, "no pass that began after a change found the old form");
    if (with_nmis()) {
        report(live_breakpoints() != breakpoints, "breakpoints were met, and answered");
    }
    const seen_trap foreign = provoke(vector::breakpoint, [] { raise_breakpoint(); });
    report(static_cast<bool>(foreign), "a breakpoint of another one is not answered");
}

} // namespace kernel
