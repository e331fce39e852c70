// SPDX-License-Identifier: BSL-1.0
//
// smp: starts processors and hands them work. See smp.hpp.
#include "smp.hpp"

#include "acpi.hpp"
#include "apic.hpp"
#include "clock.hpp"
#include "descriptors.hpp"
#include "paging.hpp"
#include "per_cpu.hpp"

#include <inlay/arch/x86/pv.hpp>

extern "C" {
extern const char ap_start[], ap_start_end[];
constinit kernel::u64 ap_stack = 0; // boot_native.S takes it from here
[[noreturn]] void ap_main() noexcept;
}

namespace kernel::smp {

namespace {

constinit u32 running = 1;
constinit u32 named = 1;
constinit u32 starting = 0; // the number of the one that is on its way
using work = void (*)() noexcept;
constinit work volatile to_do = nullptr;
constinit u32 round = 0;
constinit u32 finished = 0;

void take_ipi(trap_frame& /*frame*/) noexcept {
    per_cpu& cpu = this_cpu();
    cpu.ipis = cpu.ipis + 1;
    apic::end_of_interrupt();
}

} // namespace

u32 count() noexcept { return running; }
u32 known() noexcept { return named; }

void start_others() noexcept {
    u32 ids[most_cpus]{};
    const u32 found = acpi::find_processors(ids, most_cpus);
    named = found != 0 ? found : 1;
    on_interrupt(vector::ipi, &take_ipi);
    for (u64 i = 0; ap_start + i < ap_start_end; ++i) {
        *direct<volatile char>(AP_START + i) = ap_start[i];
    }
    u32 number = 1;
    for (u32 i = 0; i < found; ++i) {
        if (ids[i] == this_cpu().apic_id) {
            continue;
        }
        per_cpu& cpu = cpus[number];
        prepare(cpu, number);
        cpu.apic_id = ids[i];
        starting = number;
        ap_stack = reinterpret_cast<u64>(cpu.stack) + stack_size;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        apic::start(ids[i], AP_START);
        const u64 begin = sched_clock();
        while (cpu.online == 0 && sched_clock() - begin < 2'000'000'000) {
            pause();
        }
        if (cpu.online == 0) {
            return; // it shares ap_stack with whoever would come next
        }
        ++running;
        ++number;
    }
}

void on_all(void (*what)() noexcept) noexcept {
    __atomic_store_n(&finished, 0U, __ATOMIC_RELAXED);
    to_do = what;
    __atomic_fetch_add(&round, 1U, __ATOMIC_RELEASE);
    for (u32 i = 1; i < running; ++i) { // they sleep
        apic::send(cpus[i].apic_id, vector::ipi);
    }
    what();
    while (__atomic_load_n(&finished, __ATOMIC_ACQUIRE) != running - 1) {
        pause();
    }
}

extern "C" void ap_main() noexcept {
    per_cpu& cpu = cpus[starting];
    load_descriptors(cpu);
    load_tables();
    apic::begin_on_this_cpu();
    u32 seen = __atomic_load_n(&round, __ATOMIC_ACQUIRE);
    cpu.online = 1;
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

} // namespace kernel::smp
