// SPDX-License-Identifier: BSL-1.0
//
// main: the order of the start, the same in both worlds.
//
// What. Features, clock, interrupts, apply(), other processors, tests; and the words of the command line.
// Why in this order: see boot.hpp.
// How. The differences were assigned before (start.cpp), or are patched sites.
#include "apic.hpp"
#include "boot.hpp"
#include "clock.hpp"
#include "command_line.hpp"
#include "harness.hpp"
#include "hypervisor.hpp"
#include "live.hpp"
#include "per_cpu.hpp"
#include "print.hpp"
#include "sample.hpp"
#include "smp.hpp"
#include "user.hpp"
#include "xen.hpp"

#include <inlay/pv/linux.hpp>

namespace kernel {

namespace {

/// Two functions for the backtrace; between them lies a paravirt call, which was patched.
void crash_inside(int /*processor*/) noexcept {
    inlay::x86::pv::irq_disable();
    raise_undefined();
}
[[gnu::noinline]] void crash() noexcept {
    inlay::x86::pv::kick(0);
    inlay::x86::pv::irq_enable();
}

} // namespace

void kernel_main(bool xen) noexcept {
    print("inlay kernel: ", xen ? "paravirtual dom0 of Xen" : "native, by PVH", "; hypervisor: ", name_of(hypervisor()),
          "\n");
    if (asked_for("crash")) {
        inlay::x86::pv::lock.kick = &crash_inside;
    }
#ifdef KERNEL_MUTATION_ORDER           // a test must find that features were set too late
    inlay::set(inlay::cpu.xenpv, xen); // the one without which nothing works
    patch_everything();
    set_features(xen);
#else
    set_features(xen);
#endif
    choose_clock(xen, hypervisor() == hypervisor_kind::kvm);
    const bool timer = xen || apic::begin();
    if (xen) {
        xen::begin_events();
    } else if (timer) {
        apic::begin_timer(20'000);
    }
    begin_storm();
    inlay::x86::pv::irq_enable(); // from here on the timer comes, also while text is written
#ifndef KERNEL_MUTATION_ORDER
    patch_everything();
#endif
    live_begin();
    if (xen) {
        smp::start_vcpus();
    } else if (timer) {
        apic::begin_timer(1'000'000);
        smp::start_others();
    }
    print_patches();
    print("clock: ",
          which_clock() == clock_kind::xen   ? "xen"
          : which_clock() == clock_kind::kvm ? "kvm"
                                             : "tsc",
          "; processors: ", smp::count(), "\n");
    if (asked_for("crash")) {
        crash();
    }
    prepare_user(xen);
    constexpr struct {
        const char* name;
        void (*run)() noexcept;
        bool needs_timer;
    } tests[] = {{"patching", &test_patching, false},
                 {"pv", &test_operations, true},
                 {"traps", &test_traps, false},
                 {"user", &test_user, true},
                 {"clock", &test_clock, true},
                 {"storm", &test_storm, true},
                 {"smp", &test_smp, true},
                 {"hook", &test_hook, true},
                 {"live", &test_live, true}};
    for (const auto& each : tests) {
        if (!wanted(each.name)) {
            continue;
        }
        if (timer || !each.needs_timer) {
            each.run();
        } else {
            const report_prefix prefix{each.name};
            skip("no local APIC, and so no timer");
        }
    }
    const status how = summary();
    if (asked_for("hold")) { // so that a test can read memory from outside
        print("HOLD\n");
        for (;;) {
            pause();
        }
    }
    leave(how);
}

} // namespace kernel
