// SPDX-License-Identifier: BSL-1.0
//
// xen: the ABI between a paravirtual guest and Xen: numbers and layouts, as far as this kernel uses them.
//
// What. Hypercalls, and the structs that they and the shared page have.
// Why. Both sides must use the same numbers and layouts.
// How. Taken from the public headers of Xen 4.17, each named below (xen/include/public/...). `hypercall` is boot_xen.S.
#pragma once

#include "per_cpu.hpp"
#include "trap.hpp"

namespace kernel::xen {

/// xen.h, __HYPERVISOR_*
enum class call : u32 {
    set_trap_table = 0,
    mmu_update = 1,
    stack_switch = 3,
    update_va_mapping = 14,
    xen_version = 17,
    console_io = 18,
    vcpu_op = 24,
    set_segment_base = 25,
    mmuext_op = 26,
    sched_op = 29,
    callback_op = 30,
    event_channel_op = 32,
    set_timer_op = 15,
};

extern "C" long hypercall(call number, u64 a, u64 b, u64 c, u64 d) noexcept;
/// Arguments are words; a hypercall looks at as many as it has.
inline long make(call number, u64 a = 0, u64 b = 0, u64 c = 0, u64 d = 0) noexcept {
    return hypercall(number, a, b, c, d);
}
[[nodiscard]] inline u64 word(const volatile void* at) noexcept { return reinterpret_cast<u64>(at); }

/// xen.h, start_info of 64 bits
struct start_info {
    char magic[32]; ///< "xen-3.0-x86_64"
    u64 pages;
    u64 shared_info; ///< machine address
    u32 flags;
    u64 store_frame;
    u32 store_event;
    u64 console[2];
    u64 page_tables; ///< virtual address
    u64 page_table_frames;
    u64 frames; ///< virtual address of the machine's frame for each of the guest's
    u64 module;
    u64 module_length;
    char command_line[1024];
};
static_assert(__builtin_offsetof(start_info, page_tables) == 88 && __builtin_offsetof(start_info, command_line) == 128);

/// xen.h, vcpu_time_info; the same as KVM's pvclock
struct time_info {
    u32 version; ///< odd while it changes
    u32 reserved;
    u64 tsc;
    u64 nanoseconds;
    u32 multiplier;
    signed char shift;
    u8 flags;
    u8 reserved2[2];
};
/// xen.h, vcpu_info
struct vcpu_info {
    u8 upcall_pending;
    u8 upcall_mask;
    u64 pending_words;
    u64 cr2;
    u64 reserved;
    time_info time;
};
static_assert(sizeof(vcpu_info) == 64 && __builtin_offsetof(vcpu_info, time) == 32);
/// xen.h, shared_info
struct shared_info {
    vcpu_info vcpus[32];
    u64 pending[64];
    u64 mask[64];
};

/// xen.h, trap_info
struct trap_info {
    u8 vector;
    u8 flags; ///< ring that may raise it by INT; 4: events off on entry
    u16 selector;
    u64 address;
};
inline constexpr u8 events_off = 4;

/// xen.h, mmu_update and mmuext_op
struct update {
    u64 where; ///< machine address of the entry; the low bits are the kind, 0: an ordinary update
    u64 value;
};
struct extended {
    u32 command;
    u64 first;
    u64 second;
};
inline constexpr u32 new_base = 5;        // MMUEXT_NEW_BASEPTR
inline constexpr u32 flush_local = 6;     // MMUEXT_TLB_FLUSH_LOCAL
inline constexpr u32 flush_one_local = 7; // MMUEXT_INVLPG_LOCAL
inline constexpr u32 flush_cache = 12;    // MMUEXT_FLUSH_CACHE
inline constexpr u32 new_user_base = 15;  // MMUEXT_NEW_USER_BASEPTR
inline constexpr u64 self = 0x7ff0;       // DOMID_SELF
inline constexpr u64 flush_page = 2;      // UVMF_INVLPG

/// xen.h, the machine's frame to the guest's: a table that Xen maps, MACH2PHYS_VIRT_START (arch-x86/xen-x86_64.h)
inline const u64* const machine_to_physical = reinterpret_cast<const u64*>(0xffff800000000000);

/// callback.h
struct callback {
    u16 type;
    u16 flags;
    u64 address;
};
inline constexpr u16 callback_event = 0;
inline constexpr u16 callback_failsafe = 1;
inline constexpr u16 callback_syscall = 2;
inline constexpr u16 callback_nmi = 4;
inline constexpr u16 mask_events = 1;

/// event_channel.h
struct bind_virq {
    u32 virq;
    u32 vcpu;
    u32 port;
};
inline constexpr u64 bind_virq_command = 1;
inline constexpr u32 virq_timer = 0;
struct bind_ipi {
    u32 vcpu;
    u32 port;
};
inline constexpr u64 bind_ipi_command = 7;
inline constexpr u64 send_command = 4; // its argument is a port

/// vcpu.h
struct runstate {
    u32 state;
    u64 entered;
    u64 time[4]; ///< nanoseconds running, runnable, blocked, offline
};
inline constexpr u64 initialise = 0;
inline constexpr u64 up = 1;
inline constexpr u64 down = 2;
inline constexpr u64 is_up = 3;
inline constexpr u64 send_nmi_command = 11;
inline constexpr u64 get_runstate = 4;
inline constexpr u64 stop_periodic_timer = 7;
inline constexpr u32 runnable = 1;
inline constexpr u32 offline = 3;

/// xen.h, vcpu_guest_context: a vCPU as it starts
struct guest_context {
    u8 fpu[512];
    u64 flags;
    u64 registers[15]; ///< r15 to rdi, as in a trap_frame
    u64 error_and_vector;
    u64 rip;
    u64 cs; ///< and, above it, padding and a mask
    u64 rflags;
    u64 rsp;
    u64 selectors[5]; ///< ss, es, ds, fs, gs
    trap_info traps[256];
    u64 ldt[2];
    u64 gdt[17];
    u64 kernel_ss;
    u64 kernel_rsp;
    u64 control[8]; ///< cr3: a machine address
    u64 debug[8];
    u64 event_callback;
    u64 failsafe_callback;
    u64 syscall_callback;
    u64 vm_assist;
    u64 fs_base;
    u64 gs_base_kernel;
    u64 gs_base_user;
};
inline constexpr u64 in_kernel = 4;                // VGCF_in_kernel
inline constexpr u64 syscall_disables_events = 16; // VGCF_syscall_disables_events

/// sched.h
inline constexpr u64 block = 1;
inline constexpr u64 shutdown = 2;
inline constexpr u32 shutdown_reboot = 1;

/// xen.h, SEGBASE_*
inline constexpr u64 base_gs_user = 1;
inline constexpr u64 base_gs_kernel = 2;

extern "C" void xen_cpuid(u32* registers); // boot_xen.S

/// The page that Xen shares with the guest.
extern shared_info* shared;
extern const start_info* start;
/// This vCPU's share of it.
[[nodiscard]] inline volatile vcpu_info& this_vcpu() noexcept { return shared->vcpus[this_cpu().number]; }

/// Assigns Xen's operations to the tables of inlay (xen_ops.cpp). Before anything else: the native ones do not work.
void assign_operations() noexcept;
/// Registers the trap table and the callbacks (xen_traps.cpp).
void register_traps() noexcept;
/// The registered entry of a vector; null if it has none.
[[nodiscard]] trap_info* registered(u8 vector) noexcept;
/// Hands the table to Xen once more, after a change.
void register_table() noexcept;
/// For a vCPU that starts: the same, in its context.
void register_traps(guest_context& context) noexcept;
/// Finds and starts all vCPUs but the first, up to most_cpus. Each calls `run()`. How many run then, the first included
/// (xen_vcpus.cpp).
[[nodiscard]] u32 start_others(void (*run)() noexcept) noexcept;
/// This vCPU's events: interrupts from others, and its timer.
void begin_events() noexcept;
void send(u32 number, vector what) noexcept;
/// This vCPU goes down, with events off; returns when another one has called bring_up() for it.
void go_down() noexcept;
/// False if that vCPU is not down yet.
[[nodiscard]] bool bring_up(u32 number) noexcept;
void send_nmi(u32 number) noexcept;
/// The timer's event, and time (xen_time.cpp).
[[nodiscard]] u32 begin_timer() noexcept;
void take_timer() noexcept;
[[nodiscard]] u64 clock() noexcept;
[[nodiscard]] u64 stolen() noexcept;

} // namespace kernel::xen
