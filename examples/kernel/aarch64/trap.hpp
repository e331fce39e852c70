// SPDX-License-Identifier: BSL-1.0
//
// trap: exceptions at EL1.
//
//     const seen_trap seen = provoke(exception_class::breakpoint, [] { raise_breakpoint(); });
//     report(seen && seen.frame.pc == ..., "...");
//
// What. The frame that vectors.S saves, exceptions that a test expects, and the dump of all others.
// How. provoke() notes its stack and where to go on; take_trap() goes on there.
#pragma once

#include "cpu.hpp"

namespace kernel {

struct trap_frame {
    u64 x[31];
    u64 sp;
    u64 pc;
    u64 pstate;
    u64 esr;
    u64 far;
    u64 vector;
    u64 reserved;
    u64 link[2];

    [[nodiscard]] u32 exception_class() const noexcept { return static_cast<u32>(esr >> 26 & 63); }
};
static_assert(__builtin_offsetof(trap_frame, sp) == FRAME_SP && __builtin_offsetof(trap_frame, pc) == FRAME_PC &&
              __builtin_offsetof(trap_frame, pstate) == FRAME_PSTATE &&
              __builtin_offsetof(trap_frame, esr) == FRAME_ESR && __builtin_offsetof(trap_frame, far) == FRAME_FAR &&
              __builtin_offsetof(trap_frame, vector) == FRAME_VECTOR &&
              __builtin_offsetof(trap_frame, link) == FRAME_LINK && sizeof(trap_frame) == FRAME_SIZE);

/// ESR_EL1.EC, as far as the kernel knows them by name.
enum class exception_class : u8 {
    unknown = 0x00,
    illegal_state = 0x0e,
    supervisor_call = 0x15,
    system_register = 0x18,
    fetch = 0x21,
    pc_alignment = 0x22,
    data = 0x25,
    sp_alignment = 0x26,
    breakpoint = 0x3c,
};

/// The exception that provoke() expected, as the handler saw it.
struct seen_trap {
    bool came{};
    trap_frame frame{};

    explicit operator bool() const noexcept { return came; }
};

namespace detail {
seen_trap provoke(exception_class expected, void (*what)(void*), void* argument) noexcept;
}

/// Calls `what()`, and ends it at the first exception of this class. One processor at a time may expect any.
template <class Function>
seen_trap provoke(exception_class expected, const Function& what) noexcept {
    return detail::provoke(
        expected, [](void* function) { (*static_cast<const Function*>(function))(); }, const_cast<Function*>(&what));
}

/// Prints all state that is known, and ends with status 127 (dump.cpp).
[[noreturn]] void dump(const trap_frame& frame) noexcept;

extern "C" {
void take_trap(trap_frame* frame) noexcept;
void take_irq(trap_frame* frame) noexcept;
}

} // namespace kernel
