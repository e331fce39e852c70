// SPDX-License-Identifier: BSL-1.0
//
// main: the order of things, alike in both worlds.
//
// What. Features, clock, interrupts, apply(), other processors, tests; and the words of the command line.
// Why in this order: see boot.hpp.
// How. What differs was assigned before (start.cpp), or is a patched site.
#include "apic.hpp"
#include "boot.hpp"
#include "clock.hpp"
#include "console.hpp"
#include "harness.hpp"
#include "hypervisor.hpp"
#include "per_cpu.hpp"
#include "smp.hpp"
#include "user.hpp"
#include "xen.hpp"

#include <inlay/arch/x86/pv.hpp>

namespace kernel {

namespace {

constinit const char* command_line = "";

/// The text behind `word` in the command line, where it stands at the beginning of a word; null if it does not.
[[nodiscard]] const char* find_at(const char* at, const char* word) noexcept {
    std::size_t i = 0;
    while (word[i] != '\0' && at[i] == word[i]) {
        ++i;
    }
    return word[i] == '\0' ? at + i : nullptr;
}
[[nodiscard]] const char* find(const char* word) noexcept {
    for (const char* at = command_line; *at != '\0';) {
        if (const char* const end = find_at(at, word); end != nullptr) {
            return end;
        }
        while (*at != '\0' && *at != ' ') {
            ++at;
        }
        at += *at == ' ' ? 1 : 0;
    }
    return nullptr;
}

/// Two functions for the backtrace; between them lies a paravirt call, which was patched.
void crash_inside(int /*processor*/) noexcept {
    inlay::x86::pv::irq_disable();
    raise_undefined();
}
[[gnu::noinline]] void crash() noexcept {
    inlay::x86::pv::kick(0);
    inlay::x86::pv::irq_enable();
}

/// Whether a group of tests is to run: without "test=NAME" on the command line, all are.
[[nodiscard]] bool wanted(const char* name) noexcept {
    const char* const test = find("test=");
    return test == nullptr || find_at(test, name) != nullptr;
}

} // namespace

void set_command_line(const char* text) noexcept { command_line = text; }
bool asked_for(const char* word) noexcept {
    const char* const end = find(word);
    return end != nullptr && (*end == '\0' || *end == ' ');
}
u64 number_for(const char* name, u64 otherwise) noexcept {
    const char* at = find(name);
    if (at == nullptr || *at != '=') {
        return otherwise;
    }
    u64 value = 0;
    for (++at; *at >= '0' && *at <= '9'; ++at) {
        value = value * 10 + static_cast<u64>(*at - '0');
    }
    return value;
}

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
        xen::begin_timer();
    } else if (timer) {
        apic::begin_timer(20'000);
    }
    begin_storm();
    inlay::x86::pv::irq_enable(); // from here on the timer comes, also while text is written
#ifndef KERNEL_MUTATION_ORDER
    patch_everything();
#endif
    if (!xen && timer) {
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
                 {"smp", &test_smp, true}};
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
    if (asked_for("hold")) { // for whoever reads memory from outside
        print("HOLD\n");
        for (;;) {
            pause();
        }
    }
    leave(how);
}

} // namespace kernel
