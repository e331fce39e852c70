// SPDX-License-Identifier: BSL-1.0
//
// registers: the instructions that the kernel needs and C++ has not.
//
//     write_icc_eoir1(id);
//     isb();
//
// What. System registers by name, barriers, memory-mapped registers, cache and TLB maintenance, exceptions for tests.
// Why here. inlay's instructions are made to be patched; these are wanted as they are, with operands that the compiler
// chooses. No other C++ file of the kernel has inline assembly.
// How. One statement each. Registers go by their encoding where an assembler for Armv8.0 may not know the name. An
// access keeps its place among other such statements, but not among accesses to memory. Barriers order those, and they
// are memory accesses to the compiler as well. Registers of the PMU are not here: inlay's read() and write() take a
// proof that it exists (pmu.hpp).
#pragma once

#include "types.hpp"

namespace kernel {

// NOLINTBEGIN(cppcoreguidelines-macro-usage): two functions a register, from its name and its encoding
#define KERNEL_READABLE(name, encoding)                                                                                \
    [[gnu::always_inline]] inline u64 read_##name() noexcept {                                                         \
        u64 value;                                                                                                     \
        asm volatile("mrs %0, " encoding : "=r"(value));                                                               \
        return value;                                                                                                  \
    }
#define KERNEL_WRITABLE(name, encoding)                                                                                \
    [[gnu::always_inline]] inline void write_##name(u64 value) noexcept {                                              \
        asm volatile("msr " encoding ", %x0" : : "rZ"(value));                                                         \
    }
#define KERNEL_REGISTER(name, encoding) KERNEL_READABLE(name, encoding) KERNEL_WRITABLE(name, encoding)

// The processor
KERNEL_READABLE(midr, "midr_el1")
KERNEL_READABLE(mpidr, "mpidr_el1")
KERNEL_READABLE(id_aa64pfr0, "id_aa64pfr0_el1")
KERNEL_READABLE(id_aa64dfr0, "id_aa64dfr0_el1")
KERNEL_READABLE(id_aa64mmfr0, "id_aa64mmfr0_el1")
KERNEL_READABLE(ctr, "ctr_el0")
KERNEL_READABLE(sctlr, "sctlr_el1")
KERNEL_READABLE(daif, "daif")
KERNEL_REGISTER(tpidr, "tpidr_el1")

// Exceptions, translation
KERNEL_READABLE(esr, "esr_el1")
KERNEL_READABLE(far, "far_el1")
KERNEL_REGISTER(par, "par_el1")

// The generic timer
KERNEL_READABLE(cntfrq, "cntfrq_el0")
KERNEL_READABLE(cntvct, "cntvct_el0")
KERNEL_REGISTER(cntv_ctl, "cntv_ctl_el0")
KERNEL_REGISTER(cntv_cval, "cntv_cval_el0")
KERNEL_REGISTER(cntv_tval, "cntv_tval_el0")
KERNEL_REGISTER(cntp_ctl, "cntp_ctl_el0")
KERNEL_REGISTER(cntp_tval, "cntp_tval_el0")

// The CPU interface of GICv3 (Arm IHI 0069, 12.2)
KERNEL_REGISTER(icc_sre, "S3_0_C12_C12_5")
KERNEL_REGISTER(icc_ctlr, "S3_0_C12_C12_4")
KERNEL_REGISTER(icc_pmr, "S3_0_C4_C6_0")
KERNEL_REGISTER(icc_bpr1, "S3_0_C12_C12_3")
KERNEL_REGISTER(icc_igrpen1, "S3_0_C12_C12_7")
KERNEL_READABLE(icc_iar1, "S3_0_C12_C12_0")
KERNEL_WRITABLE(icc_eoir1, "S3_0_C12_C12_1")
KERNEL_READABLE(icc_hppir1, "S3_0_C12_C12_2")
KERNEL_WRITABLE(icc_dir, "S3_0_C12_C11_1")
KERNEL_READABLE(icc_rpr, "S3_0_C12_C11_3")
KERNEL_WRITABLE(icc_sgi1r, "S3_0_C12_C11_5")

#undef KERNEL_REGISTER
#undef KERNEL_WRITABLE
#undef KERNEL_READABLE
// NOLINTEND(cppcoreguidelines-macro-usage)

// Barriers
[[gnu::always_inline]] inline void isb() noexcept { asm volatile("isb" : : : "memory"); }
[[gnu::always_inline]] inline void dsb_sy() noexcept { asm volatile("dsb sy" : : : "memory"); }
[[gnu::always_inline]] inline void dsb_ld() noexcept { asm volatile("dsb ld" : : : "memory"); }
[[gnu::always_inline]] inline void dsb_st() noexcept { asm volatile("dsb st" : : : "memory"); }
[[gnu::always_inline]] inline void dsb_ish() noexcept { asm volatile("dsb ish" : : : "memory"); }
[[gnu::always_inline]] inline void dsb_ishst() noexcept { asm volatile("dsb ishst" : : : "memory"); }
[[gnu::always_inline]] inline void dmb_ish() noexcept { asm volatile("dmb ish" : : : "memory"); }
[[gnu::always_inline]] inline void dmb_ishst() noexcept { asm volatile("dmb ishst" : : : "memory"); }
[[gnu::always_inline]] inline void dmb_ishld() noexcept { asm volatile("dmb ishld" : : : "memory"); }

// Interrupts, waiting
[[gnu::always_inline]] inline void irq_enable() noexcept { asm volatile("msr daifclr, #2" : : : "memory"); }
[[gnu::always_inline]] inline void irq_disable() noexcept { asm volatile("msr daifset, #2" : : : "memory"); }
[[gnu::always_inline]] inline void wait_for_interrupt() noexcept { asm volatile("wfi" : : : "memory"); }
[[gnu::always_inline]] inline void wait_for_event() noexcept { asm volatile("wfe" : : : "memory"); }
[[gnu::always_inline]] inline void send_event() noexcept { asm volatile("sev" : : : "memory"); }
[[gnu::always_inline]] inline void pause() noexcept { asm volatile("yield" : : : "memory"); }

// Memory-mapped registers: one load or store of just this width, without writeback, which a hypervisor could not
// emulate. Relaxed: no barrier.
[[gnu::always_inline]] inline u32 load_register32(u64 at) noexcept {
    u32 value;
    asm volatile("ldr %w0, [%1]" : "=r"(value) : "r"(at));
    return value;
}
[[gnu::always_inline]] inline u64 load_register64(u64 at) noexcept {
    u64 value;
    asm volatile("ldr %0, [%1]" : "=r"(value) : "r"(at));
    return value;
}
[[gnu::always_inline]] inline u8 load_register8(u64 at) noexcept {
    u32 value;
    asm volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(at));
    return static_cast<u8>(value);
}
[[gnu::always_inline]] inline void store_register8(u64 at, u8 value) noexcept {
    asm volatile("strb %w0, [%1]" : : "rZ"(u32{value}), "r"(at));
}
[[gnu::always_inline]] inline void store_register32(u64 at, u32 value) noexcept {
    asm volatile("str %w0, [%1]" : : "rZ"(value), "r"(at));
}
[[gnu::always_inline]] inline void store_register64(u64 at, u64 value) noexcept {
    asm volatile("str %x0, [%1]" : : "rZ"(value), "r"(at));
}

// Caches and TLB, for the line or page at an address
[[gnu::always_inline]] inline void clean_to_coherency(u64 at) noexcept {
    asm volatile("dc cvac, %0" : : "r"(at) : "memory");
}
[[gnu::always_inline]] inline void clean_to_unification(u64 at) noexcept {
    asm volatile("dc cvau, %0" : : "r"(at) : "memory");
}
[[gnu::always_inline]] inline void invalidate_instructions(u64 at) noexcept {
    asm volatile("ic ivau, %0" : : "r"(at) : "memory");
}
[[gnu::always_inline]] inline void invalidate_data(u64 at) noexcept {
    asm volatile("dc ivac, %0" : : "r"(at) : "memory");
}
[[gnu::always_inline]] inline void forget_translation(u64 at) noexcept {
    asm volatile("tlbi vaae1is, %0" : : "r"(at >> 12 & 0xfffffffffff) : "memory");
}
/// Translates the address as for a load of this level. PAR_EL1 has the result after isb().
[[gnu::always_inline]] inline void translate_for_read(u64 at) noexcept {
    asm volatile("at s1e1r, %0" : : "r"(at) : "memory");
}

// Frame and stack
[[gnu::always_inline]] inline u64 read_sp() noexcept {
    u64 value;
    asm volatile("mov %0, sp" : "=r"(value));
    return value;
}

// Exceptions, for tests
[[gnu::always_inline]] inline void raise_undefined() noexcept { asm volatile("udf #0" : : : "memory"); }
[[gnu::always_inline]] inline void raise_breakpoint() noexcept { asm volatile("brk #1" : : : "memory"); }
[[gnu::always_inline]] inline void raise_supervisor_call() noexcept { asm volatile("svc #2" : : : "memory"); }

} // namespace kernel
