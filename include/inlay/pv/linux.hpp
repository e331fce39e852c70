// SPDX-License-Identifier: BSL-1.0
//
// linux: Linux's paravirt operations on x86, as in "x86: major paravirt cleanup", ready for use in a kernel.
//
//     namespace pv = inlay::x86::pv;
//     pv::irq.save_fl = inlay::callee_save<&xen_save_fl>;        // a hypervisor's set-up, before apply()
//     inlay::set(inlay::cpu.xenpv, true);
//     const auto flags = pv::save_fl();                          // pushf; pop, or a direct call
//
// How it works. Four tables, as in Linux: cpu, irq, mmu, lock. Native code is described once, as instructions: they are
// the operation's function, and pv_alt_call puts them in place of a call. So the two cannot differ. A function that
// consists of instructions changes no other register, so it is callee-save without a thunk.
//
// If the series inlines an instruction, the call here does so, too, by the same predicate. It is !cpu.xenpv for
// instructions that a Xen PV guest may not execute, !cpu.pvunlock and !cpu.vcpupreempt for locks. All others are direct
// calls after patching.
//
// Instructions are in the Intel SDM, volume 2; tables in Linux's asm/paravirt_types.h.
#pragma once

#include "inlay/arch/x86/arch.hpp"
#include "inlay/pv.hpp"
#include "inlay/words.hpp"

// The tables are visible types, as a user's tables are. Users may have the same code in their operations. GCC gives a
// class-type template argument the visibility of its first use.
namespace inlay::x86::pv {

/// A register's width: addresses, page-table entries, flags.
using word = uintptr_t;

namespace detail {

using namespace insn;

inline constexpr auto result = emit::result_register<word>;
inline constexpr auto first = emit::argument_registers[0];
inline constexpr auto second = emit::argument_registers[1];

// The code of each operation. Arguments are in `first` and `second`, results in `result`.
inline constexpr auto save_fl = pushf_pop(result);
inline constexpr auto safe_halt = sti() + hlt();
inline constexpr auto read_cr0 = mov(result, cr0);
inline constexpr auto write_cr0 = mov(cr0, first);
inline constexpr auto read_cr2 = mov(result, cr2);
inline constexpr auto write_cr2 = mov(cr2, first);
inline constexpr auto read_cr3 = mov(result, cr3);
inline constexpr auto write_cr3 = mov(cr3, first);
inline constexpr auto read_cr4 = mov(result, cr4);
inline constexpr auto write_cr4 = mov(cr4, first);
inline constexpr auto identity = result == first ? code<>{} : mov(result, first);
inline constexpr auto set_entry = mov(ptr(first), second);
inline constexpr auto unlock = movb(ptr(first), 0);
inline constexpr auto no = xor_(eax, eax);
inline constexpr auto reload_cr3 = mov(result, cr3) + mov(cr3, result);
/// Turns CR4.PGE off and on; this flushes global entries as well (SDM volume 3, 4.10.4.1).
inline constexpr auto toggle_pge =
    mov(result, cr4) + mov(second, result) + and_(second, ~0x80) + mov(cr4, second) + mov(cr4, result);
#if defined(__x86_64__)
inline constexpr auto read_msr = mov(ecx, edi) + rdmsr() + shl(rdx, 32) + or_(rax, rdx);
inline constexpr auto write_msr = mov(ecx, edi) + mov(eax, esi) + wrmsr();
inline constexpr auto read_pmc = mov(ecx, edi) + rdpmc() + shl(rdx, 32) + or_(rax, rdx);
#else
inline constexpr auto read_msr = mov(ecx, eax) + rdmsr();
inline constexpr auto xchg_eax_ecx = bytes(0x91).reads<eax, ecx>().writes<eax, ecx>();
inline constexpr auto xchg_eax_edx = bytes(0x92).reads<eax, edx>().writes<eax, edx>();
inline constexpr auto write_msr = xchg_eax_ecx + xchg_eax_edx + wrmsr();
inline constexpr auto read_pmc = mov(ecx, eax) + rdpmc();
#endif
inline constexpr auto load_tr = ltr(reg16{first.number});
inline constexpr auto load_ldt = lldt(reg16{first.number});

/// CPUID of the leaf registers[0], subleaf registers[2]; eax, ebx, ecx, edx come back in its place.
[[gnu::visibility("hidden")]] inline void cpuid(uint32_t* registers) noexcept {
    const auto found = emit::cpuid(registers[0], registers[2]);
    registers[0] = found.eax;
    registers[1] = found.ebx;
    registers[2] = found.ecx;
    registers[3] = found.edx;
}

} // namespace detail

/// Operations on the processor. A descriptor table is given by the address of the operand that LGDT and LIDT take;
/// selectors are numbers.
struct [[gnu::visibility("hidden")]] cpu_ops {      // as one of its targets is
    pv_op<void(uint32_t*), &detail::cpuid> cpuid{}; ///< registers: in leaf, -, subleaf, -; out eax to edx
    pv_op<word(), native<detail::read_cr0>> read_cr0{};
    pv_op<void(word), native<detail::write_cr0>> write_cr0{};
    pv_op<word(), native<detail::read_cr4>> read_cr4{};
    pv_op<void(word), native<detail::write_cr4>> write_cr4{};
    pv_op<uint64_t(uint32_t), native<detail::read_msr>> read_msr{};
    pv_op<void(uint32_t, uint32_t, uint32_t), native<detail::write_msr>> write_msr{}; ///< msr, low, high
    pv_op<uint64_t(uint32_t), native<detail::read_pmc>> read_pmc{};                   ///< counter
    pv_op<void(const void*), native<insn::lgdt(insn::ptr(detail::first))>> load_gdt{};
    pv_op<void(const void*), native<insn::lidt(insn::ptr(detail::first))>> load_idt{};
    pv_op<void(uint32_t), native<detail::load_tr>> load_tr{};
    pv_op<void(uint32_t), native<detail::load_ldt>> load_ldt{};
    pv_op<uint32_t(), native<insn::str(insn::eax)>> store_tr{};
    pv_op<void(), native<insn::wbinvd()>> wbinvd{};
    pv_op<void(), native<insn::out(0x80)>> io_delay{}; ///< a write to an unused port takes about a microsecond
};

/// Operations on interrupts. Flags are as in RFLAGS.
struct irq_ops {
    pv_op<word(), callee_save<detail::save_fl>> save_fl{};
    pv_op<void(), callee_save<insn::cli()>> irq_disable{};
    pv_op<void(), callee_save<insn::sti()>> irq_enable{};
    pv_op<void(), native<detail::safe_halt>> safe_halt{}; ///< enables interrupts and waits for one, without a gap
    pv_op<void(), native<insn::hlt()>> halt{};
};

/// Operations of memory management. Page-table entries are words.
struct mmu_ops {
    pv_op<word(), callee_save<detail::read_cr2>> read_cr2{};
    pv_op<void(word), native<detail::write_cr2>> write_cr2{};
    pv_op<word(), native<detail::read_cr3>> read_cr3{};
    pv_op<void(word), native<detail::write_cr3>> write_cr3{};
    pv_op<void(), native<detail::reload_cr3>> flush_tlb_user{};
    pv_op<void(), native<detail::toggle_pge>> flush_tlb_kernel{};
    pv_op<void(word), native<insn::invlpg(insn::ptr(detail::first))>> flush_tlb_one_user{}; ///< linear address
    pv_op<void(word*, word), native<detail::set_entry>> set_pte{};
    pv_op<void(word*, word), native<detail::set_entry>> set_pmd{};
    pv_op<void(word*, word), native<detail::set_entry>> set_pud{};
    pv_op<void(word*, word), native<detail::set_entry>> set_p4d{};
    pv_op<void(word*, word), native<detail::set_entry>> set_pgd{};
    pv_op<word(word), callee_save<detail::identity>> pte_val{}; ///< the number that an entry holds
    pv_op<word(word), callee_save<detail::identity>> pmd_val{};
    pv_op<word(word), callee_save<detail::identity>> pud_val{};
    pv_op<word(word), callee_save<detail::identity>> p4d_val{};
    pv_op<word(word), callee_save<detail::identity>> pgd_val{};
    pv_op<word(word), callee_save<detail::identity>> make_pte{}; ///< the entry that holds a number
    pv_op<word(word), callee_save<detail::identity>> make_pmd{};
    pv_op<word(word), callee_save<detail::identity>> make_pud{};
    pv_op<word(word), callee_save<detail::identity>> make_p4d{};
    pv_op<word(word), callee_save<detail::identity>> make_pgd{};
};

/// Operations on queued spinlocks. A lock has 32 bits, and its first byte says that it is taken. The slow path is the
/// kernel's own: assign it.
struct lock_ops {
    pv_op<void(uint32_t*, uint32_t), nullptr> queued_spin_lock_slowpath{}; ///< the lock, and its value
    pv_op<void(uint32_t*), callee_save<detail::unlock>> queued_spin_unlock{};
    pv_op<void(uint8_t*, uint8_t), pv_nop> wait{}; ///< while the byte has this value
    pv_op<void(int), pv_nop> kick{};               ///< the processor that waits
    pv_op<bool(long), callee_save<detail::no>> vcpu_is_preempted{};
};

// Each image needs its own object; newer Clangs warn of duplicates.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wunique-object-duplication"
[[gnu::visibility("hidden")]] inline constinit cpu_ops cpu;
[[gnu::visibility("hidden")]] inline constinit irq_ops irq;
[[gnu::visibility("hidden")]] inline constinit mmu_ops mmu;
[[gnu::visibility("hidden")]] inline constinit lock_ops lock;
#pragma GCC diagnostic pop

namespace detail {

/// Where privileged instructions work as in ring 0.
inline constexpr auto privileged = !inlay::cpu.xenpv;

template <auto Member, auto Code>
using of_mmu = pv_alt_call<&mmu, Member, Code, privileged>;

} // namespace detail

// ---- cpu
inline constexpr pv_call<&cpu, &cpu_ops::cpuid> cpuid;
inline constexpr pv_call<&cpu, &cpu_ops::read_cr0> read_cr0;
inline constexpr pv_call<&cpu, &cpu_ops::write_cr0> write_cr0;
inline constexpr pv_call<&cpu, &cpu_ops::read_cr4> read_cr4;
inline constexpr pv_call<&cpu, &cpu_ops::write_cr4> write_cr4;
inline constexpr pv_call<&cpu, &cpu_ops::read_msr> read_msr;
inline constexpr pv_call<&cpu, &cpu_ops::write_msr> write_msr;
inline constexpr pv_call<&cpu, &cpu_ops::read_pmc> read_pmc;
inline constexpr pv_call<&cpu, &cpu_ops::load_gdt> load_gdt;
inline constexpr pv_call<&cpu, &cpu_ops::load_idt> load_idt;
inline constexpr pv_call<&cpu, &cpu_ops::load_tr> load_tr;
inline constexpr pv_call<&cpu, &cpu_ops::load_ldt> load_ldt;
inline constexpr pv_call<&cpu, &cpu_ops::store_tr> store_tr;
inline constexpr pv_alt_call<&cpu, &cpu_ops::wbinvd, insn::wbinvd(), detail::privileged> wbinvd;
inline constexpr pv_call<&cpu, &cpu_ops::io_delay> io_delay;

// ---- irq
inline constexpr pv_alt_call<&irq, &irq_ops::save_fl, detail::save_fl, detail::privileged> save_fl;
inline constexpr pv_alt_call<&irq, &irq_ops::irq_disable, insn::cli(), detail::privileged> irq_disable;
inline constexpr pv_alt_call<&irq, &irq_ops::irq_enable, insn::sti(), detail::privileged> irq_enable;
inline constexpr pv_call<&irq, &irq_ops::safe_halt> safe_halt;
inline constexpr pv_call<&irq, &irq_ops::halt> halt;

// ---- mmu
inline constexpr detail::of_mmu<&mmu_ops::read_cr2, detail::read_cr2> read_cr2;
inline constexpr pv_call<&mmu, &mmu_ops::write_cr2> write_cr2;
inline constexpr detail::of_mmu<&mmu_ops::read_cr3, detail::read_cr3> read_cr3;
inline constexpr detail::of_mmu<&mmu_ops::write_cr3, detail::write_cr3> write_cr3;
inline constexpr pv_call<&mmu, &mmu_ops::flush_tlb_user> flush_tlb_user;
inline constexpr pv_call<&mmu, &mmu_ops::flush_tlb_kernel> flush_tlb_kernel;
inline constexpr pv_call<&mmu, &mmu_ops::flush_tlb_one_user> flush_tlb_one_user;
inline constexpr pv_call<&mmu, &mmu_ops::set_pte> set_pte;
inline constexpr pv_call<&mmu, &mmu_ops::set_pmd> set_pmd;
inline constexpr pv_call<&mmu, &mmu_ops::set_pud> set_pud;
inline constexpr pv_call<&mmu, &mmu_ops::set_p4d> set_p4d;
inline constexpr pv_call<&mmu, &mmu_ops::set_pgd> set_pgd;
inline constexpr detail::of_mmu<&mmu_ops::pte_val, detail::identity> pte_val;
inline constexpr detail::of_mmu<&mmu_ops::pmd_val, detail::identity> pmd_val;
inline constexpr detail::of_mmu<&mmu_ops::pud_val, detail::identity> pud_val;
inline constexpr detail::of_mmu<&mmu_ops::p4d_val, detail::identity> p4d_val;
inline constexpr detail::of_mmu<&mmu_ops::pgd_val, detail::identity> pgd_val;
inline constexpr detail::of_mmu<&mmu_ops::make_pte, detail::identity> make_pte;
inline constexpr detail::of_mmu<&mmu_ops::make_pmd, detail::identity> make_pmd;
inline constexpr detail::of_mmu<&mmu_ops::make_pud, detail::identity> make_pud;
inline constexpr detail::of_mmu<&mmu_ops::make_p4d, detail::identity> make_p4d;
inline constexpr detail::of_mmu<&mmu_ops::make_pgd, detail::identity> make_pgd;

// ---- lock
inline constexpr pv_call<&lock, &lock_ops::queued_spin_lock_slowpath> queued_spin_lock_slowpath;
inline constexpr pv_alt_call<&lock, &lock_ops::queued_spin_unlock, detail::unlock, !inlay::cpu.pvunlock>
    queued_spin_unlock;
inline constexpr pv_call<&lock, &lock_ops::wait> wait;
inline constexpr pv_call<&lock, &lock_ops::kick> kick;
inline constexpr pv_alt_call<&lock, &lock_ops::vcpu_is_preempted, detail::no, !inlay::cpu.vcpupreempt>
    vcpu_is_preempted;

} // namespace inlay::x86::pv
