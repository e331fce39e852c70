// SPDX-License-Identifier: BSL-1.0
//
// live: the hooks, the interrupt, the breakpoint. See live.hpp. No function here has a site that changes.
#include "live.hpp"

#include "apic.hpp"
#include "live_sites.hpp"
#include "per_cpu.hpp"
#include "sample.hpp"
#include "smp.hpp"

extern "C" const char image_begin[], text_begin[], text_end[], image_end[], text_window_begin[];

namespace kernel {

namespace {

[[nodiscard]] u64 linked_at(const char* symbol) noexcept { return reinterpret_cast<u64>(symbol); }

constinit inlay::text_poke<live_hooks> text{{0, 0}, {0, 0}};
constinit u64 request = 0;  ///< the number of the last synchronisation
constinit u64 complete = 0; ///< of the last one that all have answered
constinit u32 locked = 0;
constinit breakpoint_counts breakpoints{};
using breakpoint_handler = void (*)() noexcept;
constinit breakpoint_handler meanwhile = nullptr;

void answer() noexcept {
    const u64 number = __atomic_load_n(&request, __ATOMIC_SEQ_CST);
    inlay::arch::emit::synchronise();
    __atomic_store_n(&this_cpu().synchronised, number, __ATOMIC_RELEASE);
}
void obey(trap_frame& /*frame*/) noexcept {
    answer();
    apic::end_of_interrupt();
}
[[nodiscard]] bool answers(u32 number) noexcept {
    return __atomic_load_n(&cpus[number].answers, __ATOMIC_SEQ_CST) != 0;
}

/// The registers of the interrupted processor that a handler may change. entry.S left room below its stack.
struct interrupted_registers {
    explicit interrupted_registers(trap_frame& frame) noexcept
        : ip{frame.rip}, flags{frame.rflags}, ax{frame.rax}, sp{frame.rsp} {}
    void push(u64 value) noexcept {
        sp -= sizeof value;
        *reinterpret_cast<u64*>(sp) = value;
    }
    [[nodiscard]] u64 pop() noexcept {
        const u64 value = *reinterpret_cast<const u64*>(sp);
        sp += sizeof value;
        return value;
    }
    void store(trap_frame& frame) const noexcept {
        frame.rip = ip;
        frame.rflags = flags;
        frame.rax = ax;
        frame.rsp = sp;
    }
    inlay::uintptr_t ip, flags, ax, sp;
};

} // namespace

bool live_hooks::write(inlay::uintptr_t at, const inlay::uint8_t* bytes, inlay::size_t size) noexcept {
    auto* const to =
        reinterpret_cast<volatile inlay::uint8_t*>(at + (linked_at(text_window_begin) - linked_at(text_begin)));
    const auto* const text_at = reinterpret_cast<const volatile inlay::uint8_t*>(at);
    bool there = true;
#ifdef KERNEL_MUTATION_FIRST_BYTE // a test must find that the first byte is never written in the end
    if (size == 1 && bytes[0] != inlay::arch::breakpoint) {
        return true;
    }
#endif
#ifdef KERNEL_MUTATION_NO_BREAKPOINT // and that no breakpoint is set
    if (size == 1 && bytes[0] == inlay::arch::breakpoint) {
        return true;
    }
#endif
    for (inlay::size_t i = 0; i < size; ++i) {
        to[i] = bytes[i];
        there = there && text_at[i] == bytes[i];
    }
    return there;
}

void live_hooks::synchronise() noexcept {
    inlay::arch::emit::synchronise();
    const u64 number = request + 1;
    __atomic_store_n(&request, number, __ATOMIC_SEQ_CST); // before anyone is asked whether it answers: see live_join()
    const u32 self = this_cpu().number;
    for (u32 i = 0; i < most_cpus; ++i) {
        if (i != self && answers(i)) {
            send_interrupt(i, vector::synchronise);
        }
    }
    for (u32 i = 0; i < most_cpus; ++i) { // one that leaves meanwhile is not waited for
        while (i != self && answers(i) && __atomic_load_n(&cpus[i].synchronised, __ATOMIC_ACQUIRE) < number) {
            pause();
        }
    }
    __atomic_store_n(&this_cpu().synchronised, number, __ATOMIC_RELEASE);
    __atomic_store_n(&complete, number, __ATOMIC_RELEASE);
}

inlay::text_poke<live_hooks>& live_text() noexcept { return text; }

live_change::lock::lock() noexcept {
    while (__atomic_exchange_n(&locked, 1U, __ATOMIC_ACQUIRE) != 0) {
        pause();
    }
}
live_change::lock::~lock() { __atomic_store_n(&locked, 0U, __ATOMIC_RELEASE); }
live_change::live_change() noexcept = default;
live_change::~live_change() = default;

void live_begin() noexcept {
    text.text = {linked_at(text_begin), linked_at(text_end)};
    text.image = {linked_at(image_begin), linked_at(image_end)};
    on_interrupt(vector::synchronise, &obey);
    live_join();
}

void live_join() noexcept {
#ifdef KERNEL_MUTATION_JOIN_EARLY // a test must find that it serialises before it says that it answers
    answer();
    const u64 before = __atomic_load_n(&complete, __ATOMIC_ACQUIRE);
    for (int i = 0; before != 0 && i < 20'000 && __atomic_load_n(&complete, __ATOMIC_ACQUIRE) == before; ++i) {
        pause(); // until a change goes on meanwhile, if any has been made: an emulator needs its time for each pause
    }
#endif
    __atomic_store_n(&this_cpu().answers, 1U, __ATOMIC_SEQ_CST);
#ifndef KERNEL_MUTATION_JOIN_EARLY
    answer();
#endif
}
void live_leave() noexcept { __atomic_store_n(&this_cpu().answers, 0U, __ATOMIC_SEQ_CST); }

bool live_breakpoint(trap_frame& frame) noexcept {
    per_cpu& cpu = this_cpu();
    const bool nested = cpu.in_breakpoint != 0;
    cpu.in_breakpoint = cpu.in_breakpoint + 1;
    if (meanwhile != nullptr && !nested) {
        meanwhile();
    }
    interrupted_registers now{frame};
#ifdef KERNEL_MUTATION_FOREIGN // and that the handler answers for everything
    const bool ours = text.handle_breakpoint(now) || true;
#else
    const bool ours = text.handle_breakpoint(now);
#endif
    if (ours) {
        __atomic_add_fetch(&breakpoints.all, 1U, __ATOMIC_RELAXED);
        __atomic_add_fetch(&breakpoints.nested, nested ? 1U : 0U, __ATOMIC_RELAXED);
        now.store(frame);
    }
    cpu.in_breakpoint = cpu.in_breakpoint - 1;
    return ours;
}

breakpoint_counts live_breakpoints() noexcept {
    return {__atomic_load_n(&breakpoints.all, __ATOMIC_RELAXED),
            __atomic_load_n(&breakpoints.nested, __ATOMIC_RELAXED)};
}
void on_breakpoint(void (*what)() noexcept) noexcept { meanwhile = what; }
u64 live_synchronisations() noexcept { return request; }
inlay::outcome sample_by(void (*target)(u64) noexcept) noexcept { return inlay::update(interrupted, target); }
u64 live::synchronised_everywhere() noexcept { return __atomic_load_n(&complete, __ATOMIC_ACQUIRE); }
u64 live::synchronised_here() noexcept { return __atomic_load_n(&this_cpu().synchronised, __ATOMIC_RELAXED); }

} // namespace kernel
