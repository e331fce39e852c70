// SPDX-License-Identifier: BSL-1.0
//
// trap: exceptions, interrupts and system calls in C++.
//
//     if (auto seen = provoke(vector::invalid_opcode, [] { raise_undefined(); })) ... seen.frame ...
//
// What. One handler gets a frame for everything that comes in (entry.S). An unexpected exception is fatal (dump.cpp);
// one that `provoke` expects ends the call that raised it.
// Why. A test must see that an exception comes, by which way, and with which error code.
// How. provoke() keeps the stack pointer, and the handler returns to there instead of where the trap was.
#pragma once

#include "cpu.hpp"

namespace kernel {

struct trap_frame {
    u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    u64 vector; ///< and in bits 8 to 15 the path
    u64 error;
    u64 rip, cs, rflags, rsp, ss;

    [[nodiscard]] unsigned number() const noexcept { return vector & 0xff; }
    [[nodiscard]] unsigned path() const noexcept { return vector >> 8 & 0xff; }
    [[nodiscard]] bool from_user() const noexcept { return (cs & 3) != 0; }
};
static_assert(__builtin_offsetof(trap_frame, rip) == 17 * 8 && __builtin_offsetof(trap_frame, cs) == 18 * 8);

/// Intel SDM volume 3, table 6-1; from 32 on, this kernel's.
enum class vector : u8 {
    divide_error = 0,
    nmi = 2,
    breakpoint = 3,
    invalid_opcode = 6,
    double_fault = 8,
    general_protection = 13,
    page_fault = 14,
    machine_check = 18,
    timer = 32, ///< and Xen's events
    ipi = 33,
    synchronise = 34,
    spurious = 47,
};

/// The exception that provoke() expected, as the handler saw it.
struct seen_trap {
    bool came{};
    trap_frame frame{};
    u64 cr2{};
    u64 stack{}; ///< where the handler ran

    explicit operator bool() const noexcept { return came; }
};

namespace detail {
seen_trap provoke(vector expected, void (*what)(void*), void* argument) noexcept;
}

/// Calls `what()`, and ends it at the first exception of this vector.
template <class Function>
seen_trap provoke(vector expected, const Function& what) noexcept {
    return detail::provoke(
        expected, [](void* function) { (*static_cast<const Function*>(function))(); }, const_cast<Function*>(&what));
}

/// The handler of a vector from 32 on.
using interrupt_handler = void (*)(trap_frame& frame) noexcept;
void on_interrupt(vector number, interrupt_handler handler) noexcept;
/// Calls the handler, if one is set.
void handle_interrupt(vector number, trap_frame& frame) noexcept;

/// Sets the handler of NMIs; null: they are unexpected.
void on_nmi(void (*handler)() noexcept) noexcept;

/// The function for machine checks that no `provoke` expects; returns true if the kernel may go on.
using machine_check_handler = bool (*)(const trap_frame& frame, u64 stack) noexcept;
void on_machine_check(machine_check_handler handler) noexcept;
/// For such a handler: MCi_STATUS of the bank that tests inject into, 9. Afterwards another one may come.
[[nodiscard]] u64 clear_machine_check() noexcept;

/// The same for system calls (user.cpp): the number is in rax, and so is the result.
void system_call(trap_frame& frame) noexcept;

/// Prints all state that is known, and ends with status 127 (dump.cpp).
[[noreturn]] void dump(const trap_frame& frame) noexcept;
[[nodiscard]] const char* name_of(unsigned vector) noexcept;

extern "C" {
void trap_handler(trap_frame* frame) noexcept;
extern const u8 native_stubs[48][16], xen_stubs[32][16];
void syscall_entry() noexcept;
void xen_syscall_entry() noexcept;
void xen_event_entry() noexcept;
void xen_failsafe_entry() noexcept;
void xen_machine_check() noexcept;
void xen_double_fault() noexcept;
void native_iret() noexcept;
void xen_iret() noexcept;
using way_out = void (*)() noexcept;
extern way_out iret_slot; ///< where returns go until the ternary of entry.S is patched
}

} // namespace kernel
