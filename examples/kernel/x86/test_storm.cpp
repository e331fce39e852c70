// SPDX-License-Identifier: BSL-1.0
//
// test_storm: interrupts while text is written.
//
// What. The timer comes as often as it can, and its handler runs through 64 sites. Meanwhile apply() writes these
// sites: at boot, when their padding becomes long nops, and then again and again, back and forth.
// Why. Boot-time patching happens with interrupts on. A handler must find each site as it was or as it will be.
// How. Each site adds 0 or 1, so that a sum above 64 tells of a torn one; any other fault ends the kernel. "storm=N" on
// the command line says how many interrupts; the sums over many boots are the test's (tests/kernel/run.sh).
#include "apic.hpp"
#include "boot.hpp"
#include "clock.hpp"
#include "command_line.hpp"
#include "harness.hpp"
#include "per_cpu.hpp"
#include "print.hpp"
#include "text_window.hpp"
#include "trap.hpp"

#include <inlay/kernel.hpp>

extern "C" {
kernel::u64 storm_sites() noexcept;
[[gnu::visibility("hidden")]] extern const inlay::table::predicate_node storm_adds;
}

namespace kernel {

namespace {

inline constexpr inlay::feature<"storm_adds", inlay::by_hand{}> adds;

constexpr u64 sites = 64;
constinit volatile u64 whole = 0; // sums that can be
constinit volatile u64 mixed = 0; // of them, some sites written and some not yet
constinit volatile u64 torn = 0;

void run_sites() noexcept {
    const u64 sum = storm_sites();
    if (sum > sites) {
        torn = torn + 1;
    } else {
        whole = whole + 1;
        mixed = mixed + (sum != 0 && sum != sites ? 1 : 0);
    }
}

} // namespace

void begin_storm() noexcept {
    inlay::name_for_assembly<&storm_adds, adds>();
    on_tick(&run_sites);
}
u64 storm_so_far() noexcept { return whole + torn; }

void test_storm() noexcept {
    const report_prefix prefix{"storm"};
    const bool xen = iret_slot == &xen_iret;
    const u64 wanted = number_for("storm", xen ? 100 : 1000);
    if (!xen) {
        apic::begin_timer(20'000);
    }
    const u64 before = storm_so_far();
    mixed = 0;
    bool applied = true;
    bool right = true;
    u64 rounds = 0;
    while (storm_so_far() - before < wanted || rounds < 4) {
        const bool on = rounds++ % 2 == 0;
        inlay::set(adds, on);
        {
            text_window window;
            const inlay::outcome done = inlay::apply(inlay::this_image(), window);
            applied = applied && done && done.written == sites;
        }
        right = right && storm_sites() == (on ? sites : 0);
    }
    on_tick(nullptr);
    if (!xen) {
        apic::begin_timer(1'000'000);
    }
    print("storm: ", storm_so_far() - before, " interrupts, ", mixed, " amid the sites, ", rounds, " times written\n");
    report(applied, "every apply() wrote the 64 sites");
    report(right, "and each has its form");
    report(torn == 0, "no handler met a half-written site");
}

} // namespace kernel
