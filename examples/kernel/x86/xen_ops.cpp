// SPDX-License-Identifier: BSL-1.0
//
// xen_ops: the paravirt operations as a guest of Xen does them.
//
// What. A function for each operation that ring 0 would do by an instruction. One function assigns them all.
// Why. In ring 3 these instructions fault, or do nothing, or show Xen's state instead of the guest's. For example,
// pushf shows that interrupts are on, even if the guest has masked them.
// How. The interrupt flag is a byte in memory that Xen looks at. Page tables are read-only, and hypercalls change them.
// An entry holds the machine's frame, and two tables translate.
#include "paging.hpp"
#include "trap.hpp"
#include "xen.hpp"

#include <inlay/pv/linux.hpp>

namespace kernel::xen {

namespace {

namespace pv = inlay::x86::pv;
using pv::word;

constexpr u64 interrupt_flag = 0x200;

// ---- irq

word save_fl() { return this_vcpu().upcall_mask != 0 ? 0 : interrupt_flag; }
void irq_disable() {
    this_vcpu().upcall_mask = 1;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}
void irq_enable() {
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    this_vcpu().upcall_mask = 0;
    __atomic_signal_fence(__ATOMIC_SEQ_CST); // first the mask, then the question: an event may come in between
    if (this_vcpu().upcall_pending != 0) {
        (void)make(call::xen_version, 0, 0); // any hypercall: Xen delivers on the way back
    }
}
void halt() { (void)make(call::sched_op, block, 0); } // turns events on, and waits for one

// ---- mmu

/// One command of mmuext_op.
void extended_operation(u32 command, u64 first) {
    const extended operation{command, first, 0};
    if (make(call::mmuext_op, xen::word(&operation), 1, 0, self) != 0) {
        __builtin_trap();
    }
}

[[nodiscard]] u64 machine_of(u64 physical_address) {
    const u64* const frames = reinterpret_cast<const u64*>(start->frames);
    return frames[physical_address >> 12] << 12 | (physical_address & 0xfff);
}

word read_cr2() { return this_vcpu().cr2; }
void write_cr2(word value) { this_vcpu().cr2 = value; }
word read_cr3() { return start->page_tables - KERNEL_BASE; }
void write_cr3(word value) { extended_operation(new_base, machine_of(value) >> 12); }
void flush_tlb() { extended_operation(flush_local, 0); }
void flush_tlb_one(word at) { extended_operation(flush_one_local, at); }

/// The machine's frame to the guest's, in an entry that is present.
word from_machine(word entry) {
    const u64 frame = machine_to_physical[(entry & page::address) >> 12];
    return (entry & page::present) == 0 ? entry : (entry & ~page::address) | frame << 12;
}
word to_machine(word entry) {
    return (entry & page::present) == 0 ? entry : (entry & ~page::address) | machine_of(entry & page::address);
}

void set_entry(word* entry, word value) {
    const update one{machine_of(physical(entry)), value};
    if (make(call::mmu_update, xen::word(&one), 1, 0, self) != 0) {
        __builtin_trap();
    }
}

// ---- cpu

void wbinvd() { extended_operation(flush_cache, 0); }
/// Control registers belong to Xen; the part that the guest may know does not change.
word read_cr0() { return 0x80050033; }
word read_cr4() { return 0x20; }
void write_cr(word /*value*/) {}
void no_table(const void* /*pointer*/) {}
void no_selector(u32 /*selector*/) {}
u32 no_task() { return 0; }

// ---- lock

/// The release of a lock whose waiters may sleep: the byte first, then the waiters. (In this kernel they spin.)
void unlock(u32* lock) { __atomic_store_n(reinterpret_cast<u8*>(lock), u8{0}, __ATOMIC_RELEASE); }
bool is_preempted(long vcpu_number) {
    runstate state{};
    return make(call::vcpu_op, get_runstate, static_cast<u64>(vcpu_number), xen::word(&state)) == 0 &&
           state.state == runnable;
}

} // namespace

void assign_operations() noexcept {
    using inlay::callee_save;
    pv::irq.save_fl = callee_save<&save_fl>;
    pv::irq.irq_disable = callee_save<&irq_disable>;
    pv::irq.irq_enable = callee_save<&irq_enable>;
    pv::irq.safe_halt = &halt;
    pv::irq.halt = &halt;

    pv::mmu.read_cr2 = callee_save<&read_cr2>;
    pv::mmu.write_cr2 = &write_cr2;
    pv::mmu.read_cr3 = &read_cr3;
    pv::mmu.write_cr3 = &write_cr3;
    pv::mmu.flush_tlb_user = &flush_tlb;
    pv::mmu.flush_tlb_kernel = &flush_tlb;
    pv::mmu.flush_tlb_one_user = &flush_tlb_one;
    pv::mmu.set_pte = &set_entry;
    pv::mmu.set_pmd = &set_entry;
    pv::mmu.set_pud = &set_entry;
    pv::mmu.set_p4d = &set_entry;
    pv::mmu.set_pgd = &set_entry;
    pv::mmu.pte_val = callee_save<&from_machine>;
    pv::mmu.pmd_val = callee_save<&from_machine>;
    pv::mmu.pud_val = callee_save<&from_machine>;
    pv::mmu.p4d_val = callee_save<&from_machine>;
    pv::mmu.pgd_val = callee_save<&from_machine>;
    pv::mmu.make_pte = callee_save<&to_machine>;
    pv::mmu.make_pmd = callee_save<&to_machine>;
    pv::mmu.make_pud = callee_save<&to_machine>;
    pv::mmu.make_p4d = callee_save<&to_machine>;
    pv::mmu.make_pgd = callee_save<&to_machine>;

    pv::cpu.cpuid = &xen_cpuid;
    pv::cpu.wbinvd = &wbinvd;
    pv::cpu.read_cr0 = &read_cr0;
    pv::cpu.write_cr0 = &write_cr;
    pv::cpu.read_cr4 = &read_cr4;
    pv::cpu.write_cr4 = &write_cr;
    pv::cpu.load_gdt = &no_table;
    pv::cpu.load_idt = &no_table;
    pv::cpu.load_tr = &no_selector;
    pv::cpu.load_ldt = &no_selector;
    pv::cpu.store_tr = &no_task;
    pv::cpu.io_delay = inlay::pv_nop;

    pv::lock.queued_spin_unlock = callee_save<&unlock>;
    pv::lock.vcpu_is_preempted = callee_save<&is_preempted>;

    kernel::iret_slot = &kernel::xen_iret;
}

} // namespace kernel::xen
