// SPDX-License-Identifier: BSL-1.0
//
// cpu: the few instructions that the kernel needs and C++ has not.
//
// What. Port I/O, the time-stamp counter, %gs, pause.
// Why here. inlay's instructions are made to be patched. Early boot and the patcher itself must not contain patch
// sites; they need plain instructions, with operands that the compiler chooses. Privileged instructions that differ
// under a hypervisor (flags, control registers, MSRs) go through inlay's paravirt operations instead.
// How. One inline assembly statement each; no other C++ file of the kernel has one.
#pragma once

#include "layout.h"
#include "types.hpp"

namespace kernel {

inline void out8(u16 port, u8 value) noexcept { asm volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }
inline void out16(u16 port, u16 value) noexcept { asm volatile("outw %0, %1" : : "a"(value), "Nd"(port)); }
inline void out32(u16 port, u32 value) noexcept { asm volatile("outl %0, %1" : : "a"(value), "Nd"(port)); }
inline u8 in8(u16 port) noexcept {
    u8 value = 0;
    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/// The time-stamp counter, read after everything before it. LFENCE is part of SSE2, as on every x86-64 processor.
inline u64 read_tsc() noexcept {
    u32 low = 0;
    u32 high = 0;
    asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return u64{high} << 32 | low;
}

inline void pause() noexcept { asm volatile("pause" : : : "memory"); }

/// The first word of the processor's data: where it is itself (per_cpu.hpp).
inline void* read_gs_self() noexcept {
    void* self = nullptr;
    asm volatile("movq %%gs:%c1, %0" : "=r"(self) : "i"(PER_CPU_SELF));
    return self;
}

/// The stack pointer, and the frame pointer of the caller.
inline u64 read_rsp() noexcept {
    u64 value = 0;
    asm volatile("movq %%rsp, %0" : "=r"(value));
    return value;
}

/// Reloads cs with the kernel's selector and the data segments with none, after LGDT.
inline void reload_segments() noexcept {
    asm volatile("pushq %0\n\tleaq 1f(%%rip), %%rax\n\tpushq %%rax\n\tlretq\n1:\n\t"
                 "movl %1, %%eax\n\tmovl %%eax, %%ss\n\txorl %%eax, %%eax\n\tmovl %%eax, %%ds\n\tmovl %%eax, %%es"
                 :
                 : "i"(KERNEL_CS), "i"(KERNEL_DS)
                 : "rax", "memory");
}

/// These raise exceptions, for tests.
inline void raise_undefined() noexcept { asm volatile("ud2"); }
inline void raise_breakpoint() noexcept { asm volatile("int3"); }
inline void raise_machine_check() noexcept { asm volatile("int $18"); }
inline void raise_vector_9() noexcept { asm volatile("int $9"); }
inline u64 divide(u64 a, u64 b) noexcept {
    asm volatile("xorl %%edx, %%edx; divq %1" : "+a"(a) : "r"(b) : "rdx");
    return a;
}
/// Goes to `to` and stores a word with the stack pointer `rsp`. Never returns by itself.
inline void call_on(u64 rsp, void (*to)()) noexcept {
    asm volatile("movq %0, %%rsp\n\tcall *%1" : : "r"(rsp), "r"(to) : "memory");
}
/// Whether interrupts are on for the processor itself. Under Xen, the irq operations say something else.
inline u64 read_flags() noexcept {
    u64 value = 0;
    asm volatile("pushfq; popq %0" : "=r"(value));
    return value;
}

} // namespace kernel
