// SPDX-License-Identifier: BSL-1.0
//
// descriptors: tables that the processor reads by itself: segments, the stacks of rings and IST, the way of each
// vector.
//
// What. One GDT and TSS a processor, one IDT for all.
// Why IST. #DF may come because the stack is bad; NMI and #MC may come between SYSCALL and the change of stacks. Those
// three get stacks of their own. All others run on the present stack, so that they can nest.
// How. Formats: Intel SDM volume 3, 3.4.5 (segments), 7.7 (TSS of 64 bits), 6.14.1 (gates of 64 bits).
#include "descriptors.hpp"

#include <inlay/pv/linux.hpp>

namespace kernel {

namespace {

struct [[gnu::packed]] task_state {
    u32 reserved0;
    u64 rsp[3];
    u64 reserved1;
    u64 ist[7];
    u64 reserved2;
    u16 reserved3;
    u16 io_map;
};
static_assert(sizeof(task_state) == 104);

struct gate {
    u16 offset_low;
    u16 selector;
    u8 ist;
    u8 type;
    u16 offset_middle;
    u32 offset_high;
    u32 reserved;
};
static_assert(sizeof(gate) == 16);

struct [[gnu::packed]] table_pointer {
    u16 limit;
    u64 base;
};

constinit task_state tasks[most_cpus]{};
constinit u64 segments[most_cpus][7]{};
constinit gate gates[256]{};

constexpr u8 interrupt_gate = 0x8e; // present, ring 0; interrupts off on entry
constexpr u8 for_user_code = 0x60;

constexpr u32 efer = 0xc0000080;
constexpr u32 star = 0xc0000081;
constexpr u32 lstar = 0xc0000082;
constexpr u32 sfmask = 0xc0000084;
constexpr u32 gs_base = 0xc0000101;
constexpr u32 kernel_gs_base = 0xc0000102;
constexpr u64 efer_syscall = 1;
constexpr u64 cleared_by_syscall = 0x47700; // TF, IF, DF, IOPL, NT, AC

void write_msr(u32 msr, u64 value) noexcept {
    inlay::x86::pv::write_msr(msr, static_cast<u32>(value), static_cast<u32>(value >> 32));
}

void set_gate(unsigned vector, ist stack, u8 type) noexcept {
    const u64 to = reinterpret_cast<u64>(native_stubs[vector]);
    gates[vector] = {static_cast<u16>(to),       KERNEL_CS, static_cast<u8>(stack), type, static_cast<u16>(to >> 16),
                     static_cast<u32>(to >> 32), 0};
}

void make_gates() noexcept {
    for (unsigned i = 0; i < 48; ++i) {
        const auto number = static_cast<vector>(i);
        const ist stack = number == vector::double_fault    ? ist::double_fault
                          : number == vector::nmi           ? ist::nmi
                          : number == vector::machine_check ? ist::machine_check
                                                            : ist::none;
        set_gate(i, stack, number == vector::breakpoint ? interrupt_gate | for_user_code : interrupt_gate);
    }
}

} // namespace

ist ist_of(vector number) noexcept { return static_cast<ist>(gates[static_cast<u8>(number)].ist); }
u64 entry_of(vector number) noexcept {
    const gate& it = gates[static_cast<u8>(number)];
    return u64{it.offset_high} << 32 | u64{it.offset_middle} << 16 | it.offset_low;
}

void load_descriptors(per_cpu& cpu) noexcept {
    namespace pv = inlay::x86::pv;
    task_state& task = tasks[cpu.number];
    task.rsp[0] = cpu.kernel_stack;
    for (unsigned i = 0; i < ist_count; ++i) {
        task.ist[i] = reinterpret_cast<u64>(cpu.ist_stacks[i]) + ist_stack_size;
    }
    task.io_map = sizeof(task_state);

    u64* const segment = segments[cpu.number];
    const u64 base = reinterpret_cast<u64>(&task);
    segment[KERNEL_CS / 8] = 0x00af9b000000ffff;
    segment[KERNEL_DS / 8] = 0x00cf93000000ffff;
    segment[USER_DS / 8] = 0x00cff3000000ffff;
    segment[USER_CS / 8] = 0x00affb000000ffff;
    segment[TSS_SELECTOR / 8] =
        (sizeof(task_state) - 1) | (base & 0xffffff) << 16 | u64{0x89} << 40 | (base >> 24 & 0xff) << 56;
    segment[TSS_SELECTOR / 8 + 1] = base >> 32;

    if (cpu.number == 0) {
        make_gates();
    }
    const table_pointer gdt{sizeof(segments[0]) - 1, reinterpret_cast<u64>(segment)};
    const table_pointer idt{sizeof(gates) - 1, reinterpret_cast<u64>(gates)};
    pv::load_gdt(&gdt);
    reload_segments();
    pv::load_idt(&idt);
    pv::load_tr(TSS_SELECTOR);
    write_msr(gs_base, reinterpret_cast<u64>(&cpu));
    write_msr(kernel_gs_base, USER_DATA);
    write_msr(efer, pv::read_msr(efer) | efer_syscall);
    write_msr(star, u64{KERNEL_DS | 3} << 48 | u64{KERNEL_CS} << 32);
    write_msr(lstar, reinterpret_cast<u64>(&syscall_entry));
    write_msr(sfmask, cleared_by_syscall);
}

} // namespace kernel
