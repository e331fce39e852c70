// SPDX-License-Identifier: BSL-1.0
//
// smp: starts processors and hands them work. See smp.hpp.
#include "smp.hpp"

#include "apic.hpp"
#include "clock.hpp"
#include "descriptors.hpp"
#include "live.hpp"
#include "paging.hpp"
#include "per_cpu.hpp"
#include "print.hpp"
#include "processors.hpp"
#include "sample.hpp"
#include "xen.hpp"

#include <inlay/pv/linux.hpp>

extern "C" {
extern const char ap_start[], ap_start_end[];
constinit kernel::u64 ap_stack = 0;                  // boot_native.S takes it from here, ...
constinit kernel::u32 ap_expected = ~kernel::u32{0}; // ... once this is the number of its local APIC
[[noreturn]] void ap_main() noexcept;
}

namespace kernel::smp {

namespace {

constexpr u32 nobody = ~u32{0};
constinit u32 running = 1;
constinit u32 named = 1;
constinit u32 starting = 0; // the number of the one that is on its way
using work = void (*)() noexcept;
constinit work to_do_first = nullptr; // its work, if it is not to wait for any
constinit work volatile to_do = nullptr;
constinit u32 round = 0;
constinit u32 finished = 0;
constinit bool vcpus = false;

void take_ipi(trap_frame& /*frame*/) noexcept {
    per_cpu& cpu = this_cpu();
    cpu.ipis = cpu.ipis + 1;
    apic::end_of_interrupt();
}

/// Starts the processor with this local APIC under this number, if it answers within so many nanoseconds. Returns whether
/// it did.
bool start(u32 number, u32 id, u64 patience) noexcept {
    per_cpu& cpu = cpus[number];
    prepare(cpu, number);
    cpu.apic_id = id;
    starting = number;
    ap_stack = reinterpret_cast<u64>(cpu.stack) + stack_size;
    __atomic_store_n(&ap_expected, id, __ATOMIC_SEQ_CST);
    apic::start(id, AP_START);
    const auto wait = [&cpu](u64 nanoseconds) {
        const u64 begin = sched_clock();
        while (cpu.online == 0 && sched_clock() - begin < nanoseconds) {
            pause();
        }
    };
    wait(patience);
    __atomic_store_n(&ap_expected, nobody, __ATOMIC_SEQ_CST);
    wait(10'000'000); // it may just have read that it is expected
    return cpu.online != 0;
}
bool start_next(u32 id, u64 patience) noexcept {
    const bool runs = start(running, id, patience);
    running += runs ? 1U : 0U;
    return runs;
}

} // namespace

u32 count() noexcept { return running; }
u32 known() noexcept { return named; }

void start_others() noexcept {
    const processors all = find_processors();
    named = all.count < most_cpus ? all.count : most_cpus;
    on_interrupt(vector::ipi, &take_ipi);
    for (u64 i = 0; ap_start + i < ap_start_end; ++i) {
        *direct<volatile char>(AP_START + i) = ap_start[i];
    }
    constexpr u32 broadcast = 255;
    bool runs[broadcast]{};
    runs[this_cpu().apic_id] = true;
    for (u32 i = 0; i < all.listed && running < named; ++i) {
        const u32 id = all.ids[i];
        runs[id] = runs[id] || start_next(id, 1'000'000'000);
    }
    // More than firmware names, or under other numbers than it says: each one that answers counts. Some may be slow.
    for (int attempt = 0; attempt < 2; ++attempt) {
        for (u32 id = 0; id < broadcast && running < named; ++id) {
            runs[id] = runs[id] || start_next(id, 50'000'000);
        }
    }
    if (all.source == nullptr) {
        print("processors: neither ACPI nor an MP table names any; ",
              all.count > 1 ? "QEMU says how many there are" : "nobody says whether there are others", "\n");
    }
    if (running != named) {
        print("processors: ", named - running, " of ", named, " did not start\n");
    }
    if (all.count > most_cpus) {
        print("processors: ", all.count - most_cpus, " of ", all.count, " are left alone\n");
    }
}

void on_all(void (*what)() noexcept) noexcept {
    __atomic_store_n(&finished, 0U, __ATOMIC_RELAXED);
    to_do = what;
    __atomic_fetch_add(&round, 1U, __ATOMIC_RELEASE);
    for (u32 i = 1; i < running; ++i) { // they sleep
        send_interrupt(i, vector::ipi);
    }
    what();
    while (__atomic_load_n(&finished, __ATOMIC_ACQUIRE) != running - 1) {
        pause();
    }
}

void stop_this_cpu() noexcept {
    inlay::x86::pv::irq_disable();
    live_leave();
    this_cpu().online = 0;
    if (vcpus) {
        xen::go_down();
        live_join();
        this_cpu().online = 1;
        inlay::x86::pv::irq_enable();
        return;
    }
    for (;;) {
        inlay::x86::pv::halt();
    }
}

bool start_again(u32 number, void (*what)() noexcept) noexcept {
    constexpr u64 patience = 1'000'000'000;
    if (vcpus) {
        bool asked = false;
        const u64 begin = sched_clock();
        while (cpus[number].online == 0 && sched_clock() - begin < patience) {
            asked = asked || xen::bring_up(number); // it may still be on its way down
            pause();
        }
        return cpus[number].online != 0;
    }
    to_do_first = what;
    const bool runs = start(number, cpus[number].apic_id, patience);
    to_do_first = nullptr;
    return runs;
}

namespace {

/// For good: carries out the requests of on_all().
[[noreturn]] void run(work first) noexcept {
    per_cpu& cpu = this_cpu();
    u32 seen = __atomic_load_n(&round, __ATOMIC_ACQUIRE);
    live_join();
    cpu.online = 1;
    if (first != nullptr) {
        inlay::x86::pv::irq_enable();
        first();
        __atomic_fetch_add(&finished, 1U, __ATOMIC_RELEASE);
    }
    for (;;) {
        inlay::x86::pv::irq_disable(); // an interrupt between the question and hlt would be slept through
        const u32 now = __atomic_load_n(&round, __ATOMIC_ACQUIRE);
        if (now == seen) {
            inlay::x86::pv::safe_halt();
            continue;
        }
        inlay::x86::pv::irq_enable();
        seen = now;
        to_do();
        __atomic_fetch_add(&finished, 1U, __ATOMIC_RELEASE);
    }
}

[[noreturn]] void run_vcpu() noexcept {
    xen::begin_events();
    run(nullptr);
}

} // namespace

void start_vcpus() noexcept {
    on_interrupt(vector::ipi, &take_ipi);
    vcpus = true;
    running = xen::start_others(&run_vcpu);
    named = running;
}

extern "C" void ap_main() noexcept {
    load_descriptors(cpus[starting]);
    load_tables();
    apic::begin_on_this_cpu();
    run(to_do_first);
}

} // namespace kernel::smp

namespace kernel {

bool interrupt_this_cpu() noexcept {
    const per_cpu& cpu = this_cpu();
    const u64 before = cpu.ipis;
    send_interrupt(cpu.number, vector::ipi);
    const u64 begin = sched_clock();
    while (cpu.ipis == before && sched_clock() - begin < 1'000'000'000) {
        pause();
    }
    return cpu.ipis != before;
}

} // namespace kernel

namespace kernel::detail {

void send_by_apic(u32 number, vector what) noexcept { apic::send(cpus[number].apic_id, what); }
void send_nmi_by_apic(u32 number) noexcept { apic::send_nmi(cpus[number].apic_id); }

} // namespace kernel::detail
