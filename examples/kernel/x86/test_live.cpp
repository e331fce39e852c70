// SPDX-License-Identifier: BSL-1.0
//
// test_live: text changes while other processors run through it, amid interrupts, NMIs, machine checks and breakpoints.
//
// What. A key, a switch, three static calls and a hook change 1,000 times (live=N: as often). All other processors run
// through their sites. So do their timers' interrupts, the handler of each breakpoint, and the NMIs that the last of
// three or more processors sends. With four or more, the second processor stops and starts again meanwhile. With "mce=N"
// QEMU's monitor injects machine checks, and their handler runs through the sites, too.
// Why. Each execution must see the old or the new instruction, also one in a context that nothing can hold off.
// How. live_sites.hpp has the sites, and how a pass is checked. A processor gets another NMI only when it has finished
// a pass of its own since the last one, and so has left that one. The iret of a breakpoint's handler unmasks NMIs, and
// a second NMI would use the stack of the first. (Linux's entry allows a second one: asm_exc_nmi.) Under Xen vCPUs are
// the processors, event channels their interrupts, and Xen sends the NMIs. A vCPU goes down, and comes up where it was.
#include "apic.hpp"
#include "boot.hpp"
#include "clock.hpp"
#include "command_line.hpp"
#include "harness.hpp"
#include "live.hpp"
#include "live_figures.hpp"
#include "live_sites.hpp"
#include "per_cpu.hpp"
#include "print.hpp"
#include "smp.hpp"

extern "C" const kernel::u8 figure_sites[];

namespace kernel {

namespace {

/// The passes of one processor: in its work, its timer, its NMIs, its machine checks and its breakpoints.
struct counts {
    live::passes work, timer, nmi, machine_check, breakpoint;

    void add(const counts& other) noexcept {
        work.add(other.work);
        timer.add(other.timer);
        nmi.add(other.nmi);
        machine_check.add(other.machine_check);
        breakpoint.add(other.breakpoint);
    }
};

constinit u32 over = 0;
constinit counts seen[most_cpus]{};
constinit u64 wanted_changes = 0;
constinit u64 wanted_machine_checks = 0;
constinit u64 machine_checks = 0;
constinit u32 asked_to_stop = 0; ///< the second processor
constinit u64 starts = 0;        ///< of it

void in_timer() noexcept { live::pass(seen[this_cpu().number].timer); }
void in_nmi() noexcept { live::pass(seen[this_cpu().number].nmi); }
void in_breakpoint() noexcept { live::pass(seen[this_cpu().number].breakpoint); }
bool in_machine_check(const trap_frame& /*frame*/, u64 /*stack*/) noexcept {
    live::pass(seen[this_cpu().number].machine_check);
    (void)clear_machine_check();
    __atomic_add_fetch(&machine_checks, 1U, __ATOMIC_RELEASE);
    return true;
}

[[nodiscard]] bool is_over() noexcept { return __atomic_load_n(&over, __ATOMIC_ACQUIRE) != 0; }
[[nodiscard]] bool with_xen() noexcept { return iret_slot == &xen_iret; }
/// One changes, one sends NMIs, and others run through the sites.
[[nodiscard]] bool with_nmis() noexcept { return smp::count() >= 3; }
[[nodiscard]] bool with_starts() noexcept { return smp::count() >= 4 && wanted_machine_checks == 0; }

void work() noexcept;

/// NMIs to all others, each when its processor has left the last one.
class nmi_sender {
public:
    void send() noexcept {
        for (u32 i = 0; i < smp::count(); ++i) {
            const u64 passes = __atomic_load_n(&seen[i].work.all, __ATOMIC_RELAXED);
            if (i != self_ && left_last(i)) {
                if (passes > sent_[i].passes + 1 && !(i == 1 && stopping_)) {
                    sent_[i] = {.nmis = sent_[i].nmis + 1, .passes = passes};
                    send_nmi(i);
                }
            } else {
                sent_[i].passes = passes; // it may still be in that NMI, and in none of its passes
            }
        }
    }

    /// The second processor stops, and starts again: never with an NMI on its way.
    void stop_and_start() noexcept {
        if (!stopping_) {
            stopping_ = true;
        } else if (left_last(1) && __atomic_load_n(&asked_to_stop, __ATOMIC_RELAXED) == 0 && cpus[1].online != 0) {
            __atomic_store_n(&asked_to_stop, 1U, __ATOMIC_RELEASE);
        } else if (cpus[1].online == 0) {
            __atomic_store_n(&asked_to_stop, 0U, __ATOMIC_RELAXED);
            starts += smp::start_again(1, &work) ? 1U : 0U;
            stopping_ = false;
        }
    }

    void wait() const noexcept {
        for (u32 i = 0; i < smp::count(); ++i) {
            while (i != self_ && !left_last(i)) {
                pause();
            }
        }
    }

private:
    [[nodiscard]] bool left_last(u32 number) const noexcept {
        return __atomic_load_n(&cpus[number].nmis, __ATOMIC_ACQUIRE) == sent_[number].nmis;
    }

    struct {
        u64 nmis, passes;
    } sent_[most_cpus]{};
    u32 self_ = this_cpu().number;
    bool stopping_ = false;
};

/// The work of the last processor.
void send_nmis() noexcept {
    nmi_sender sender;
    while (!is_over()) {
        sender.send();
        if (with_starts()) {
            sender.stop_and_start();
        }
        live::pass(seen[this_cpu().number].work);
        pause();
    }
    sender.wait();
    if (cpus[1].online == 0) { // on_all() waits for it
        starts += smp::start_again(1, &work) ? 1U : 0U;
    }
}

struct result {
    u64 failures;
    u64 written;
    u64 changes;
};

/// QEMU's monitor answers this line.
void ask_for_machine_check(u64& asked) noexcept {
    if (asked < wanted_machine_checks && __atomic_load_n(&machine_checks, __ATOMIC_ACQUIRE) == asked) {
        ++asked;
        print("WAITING for machine check ", asked, ".\n");
    }
}
/// Whether each processor, and each kind of interruption, has run through the sites.
[[nodiscard]] bool all_came() noexcept {
    const auto load = [](const u64& from) noexcept { return __atomic_load_n(&from, __ATOMIC_RELAXED); };
    u64 in_timers = 0;
    u64 in_nmis = 0;
    bool all_ran = true;
    for (u32 i = 0; i < smp::count(); ++i) {
        in_timers += load(seen[i].timer.all);
        in_nmis += load(seen[i].nmi.all);
        all_ran = all_ran && load(seen[i].work.all) != 0;
    }
    const bool met = with_nmis() ? live_breakpoints().nested != 0 : !with_xen() || live_breakpoints().all != 0;
    return all_ran && met && in_timers != 0 && (in_nmis != 0 || !with_nmis()) &&
           (load(starts) != 0 || !with_starts()) &&
           __atomic_load_n(&machine_checks, __ATOMIC_ACQUIRE) >= wanted_machine_checks;
}

/// The first processor changes the names meanwhile.
[[nodiscard]] result make_changes() noexcept {
    live::found sites = live::declared;
    result all{};
    u64 asked = 0;
    const u64 begin = sched_clock();
    for (u64 i = 0; i < wanted_changes || (!all_came() && sched_clock() - begin < 30'000'000'000); ++i) {
        live::say_changing(i);
        const inlay::outcome done = live::change(static_cast<live::kind>(i % live::kinds), i / live::kinds, sites);
        live::say_changed(i, sites);
        all.failures += done ? 0U : 1U;
        all.written += done.written;
        all.changes += 1;
        live::pass(seen[0].work);
        ask_for_machine_check(asked);
        pause(); // an emulator goes on with another processor, which passes between two changes
    }
    return all;
}

constinit result made{};

/// The first processor changes, the last sends NMIs, the others run through the sites.
void work() noexcept {
    const u32 number = this_cpu().number;
    if (!with_xen()) { // an emulator needs most of a millisecond for the interrupts of many processors
        apic::begin_timer(with_nmis() ? 10'000'000 : 500'000);
    }
    if (number == 0) {
        made = make_changes();
        __atomic_store_n(&over, 1U, __ATOMIC_RELEASE);
    } else if (with_nmis() && number == smp::count() - 1) {
        send_nmis();
    } else {
        while (!is_over()) {
            live::pass(seen[number].work);
            if (number == 1 && __atomic_load_n(&asked_to_stop, __ATOMIC_ACQUIRE) != 0) {
                smp::stop_this_cpu();
            }
            pause(); // an emulator with fewer processors of its own goes on with another one
        }
    }
    if (!with_xen()) {
        apic::begin_timer(number == 0 ? 1'000'000 : 0);
    }
}

void print_figures() noexcept {
    static constexpr u8 nop[] = {0x0f, 0x1f, 0x44, 0x00, 0x00};
    static constexpr u8 jump[] = {0xe9, 0, 0, 0, 0};
    const live_change now;
    live::print_figures(
        "breakpoints", live_text(), {figure_sites, nop, jump, sizeof(nop)}, []() noexcept { return sched_clock(); },
        &live_synchronisations);
}

void report_live(const counts& sum, bool all_ran) noexcept {
    live::passes all = sum.work;
    all.add(sum.timer);
    all.add(sum.nmi);
    all.add(sum.machine_check);
    all.add(sum.breakpoint);
    report(made.failures == 0 && made.written + live::idle_changes >= made.changes, "each change is made");
    report(all_ran && sum.timer.all != 0 && (sum.nmi.all != 0) == with_nmis(),
           with_nmis() ? "processors, interrupts and NMIs ran through the sites"
                       : "processors and interrupts ran through the sites");
    report(all.illegal == 0, "each pass found the old or the new form of each site");
    report(sum.work.stale == 0, "no pass that began after a change found the old form");
    report(all.forgotten == 0, "each processor had synchronised since the last change");
    const breakpoint_counts met = live_breakpoints();
    if (with_nmis() || with_xen()) {
        report(met.all != 0, "breakpoints were met, and answered");
    }
    if (with_nmis()) {
        report(met.nested != 0, "also breakpoints in the handler of a breakpoint");
    }
    if (with_starts()) {
        report(starts != 0, "a processor started meanwhile, and ran through the sites");
    }
    if (wanted_machine_checks != 0) {
        report(machine_checks == wanted_machine_checks && sum.machine_check.all == machine_checks,
               "machine checks came meanwhile, and ran through the sites");
    }
}

} // namespace

void test_live() noexcept {
    const report_prefix prefix{"live"};
    wanted_changes = number_for("live", 1'000);
    wanted_machine_checks = with_xen() || !named("live") ? 0 : number_for("mce", 0);
    live::begin(live::declared);
    on_nmi(&in_nmi);
    on_tick(&in_timer);
    on_breakpoint(&in_breakpoint);
    on_machine_check(wanted_machine_checks != 0 ? &in_machine_check : nullptr);
    const u64 begin = sched_clock();
    smp::on_all(&work);
    const u64 time = sched_clock() - begin;
    on_tick(nullptr);
    on_nmi(nullptr);
    on_breakpoint(nullptr);
    on_machine_check(nullptr);
    counts sum{};
    bool all_ran = true;
    for (u32 i = 0; i < smp::count(); ++i) {
        sum.add(seen[i]);
        all_ran = all_ran && seen[i].work.all != 0;
    }
    const breakpoint_counts met = live_breakpoints();
    info(made.changes, " changes, ", made.written, " instructions written, in ", time / 1'000'000, " ms");
    info(sum.work.all, " passes by ", smp::count(), " processors, ", sum.timer.all, " in interrupts, ", sum.nmi.all,
         " in NMIs, ", sum.machine_check.all, " in machine checks, ", sum.breakpoint.all, " in breakpoints");
    info(met.all, " breakpoints met, ", met.nested, " of them in the handler of another one; ", starts,
         " starts of a processor");
    report_live(sum, all_ran);
    const seen_trap foreign = provoke(vector::breakpoint, [] { raise_breakpoint(); });
    report(static_cast<bool>(foreign), "a breakpoint of another one is not answered");
    if (asked_for("figures")) {
        print_figures();
    }
}

} // namespace kernel
