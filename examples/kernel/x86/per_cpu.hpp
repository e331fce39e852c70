// SPDX-License-Identifier: BSL-1.0
//
// per_cpu: the data that each processor has for itself.
//
// What. Its stacks, its number, its counters.
// Why. Entry code finds its stack through %gs, before it may touch anything else.
// How. One struct a processor; %gs leads to it while the kernel runs (natively by SWAPGS, under Xen by Xen).
#pragma once

#include "cpu.hpp"

namespace kernel {

inline constexpr unsigned most_cpus = 16;
inline constexpr size_t stack_size = 16384;
inline constexpr size_t ist_stack_size = 8192;

/// Interrupt stack table entries, from 1 (Intel SDM volume 3, 6.14.5).
enum class ist : u8 { none = 0, double_fault = 1, nmi = 2, machine_check = 3 };
inline constexpr unsigned ist_count = 3;

struct per_cpu {
    per_cpu* self;
    u64 kernel_stack; ///< where entries from ring 3 begin
    u64 user_stack;   ///< scratch of the SYSCALL entry
    u32 user_cs;
    u32 user_ss;
    u32 number;
    u32 apic_id;
    void* kept; ///< of enter_user
    volatile u64 interrupts;
    volatile u64 ipis;
    volatile u64 syscalls;
    volatile u64 from_user;     ///< traps and calls that came from ring 3
    volatile u64 wrong_gs;      ///< entries that found another's data, or user code's base in the wrong register
    u64 nmis;                   ///< NMIs that it has left again
    u64 synchronised;           ///< the last request of a change that it answered (live.cpp)
    u32 answers;                ///< whether changes wait for its answer
    volatile u32 in_breakpoint; ///< handlers of #BP that it is in
    volatile u32 online;
    volatile u32 agrees; ///< its answers about features were those of the first processor
    u8 entry_stack[stack_size] __attribute__((aligned(16)));
    u8 stack[stack_size] __attribute__((aligned(16)));
    u8 ist_stacks[ist_count][ist_stack_size] __attribute__((aligned(16)));
};
static_assert(__builtin_offsetof(per_cpu, self) == PER_CPU_SELF);
static_assert(__builtin_offsetof(per_cpu, kernel_stack) == PER_CPU_KERNEL_STACK);
static_assert(__builtin_offsetof(per_cpu, user_stack) == PER_CPU_USER_STACK);
static_assert(__builtin_offsetof(per_cpu, user_cs) == PER_CPU_USER_SELECTORS);

inline constinit per_cpu cpus[most_cpus]{};

[[nodiscard]] inline per_cpu& this_cpu() noexcept { return *static_cast<per_cpu*>(read_gs_self()); }

/// Fills in the members that are the same natively and under Xen.
inline void prepare(per_cpu& cpu, u32 number) noexcept {
    cpu.self = &cpu;
    cpu.number = number;
    cpu.kernel_stack = reinterpret_cast<u64>(cpu.entry_stack) + stack_size;
    cpu.user_cs = USER_CS;
    cpu.user_ss = USER_DS;
}

} // namespace kernel
