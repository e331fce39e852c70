// SPDX-License-Identifier: BSL-1.0
//
// xen_traps: the trap table, Xen's counterpart of the IDT.
//
// What. An entry for each exception, registered once; and the callbacks for events and SYSCALL.
// Why. Items 1 and 2 of the series: Xen has no IST. So machine check and double fault must not lead to the native
// stubs, which believe that they have a stack of their own.
// How. Stubs take rcx and r11 off first, which Xen pushes (entry.S).
#include "trap.hpp"
#include "xen.hpp"

namespace kernel::xen {

namespace {

constexpr unsigned exceptions = 22;
constexpr unsigned absent = 15;

constinit trap_info table[exceptions + 1]{}; // ends with a zero address

[[nodiscard]] u64 entry_for(unsigned number) noexcept {
#ifdef KERNEL_MUTATION_IST // a test must find that these are the native ones
    if (number == static_cast<u8>(vector::machine_check) || number == static_cast<u8>(vector::double_fault)) {
        return reinterpret_cast<u64>(native_stubs[number]);
    }
#endif
    switch (static_cast<vector>(number)) {
    case vector::machine_check:
        return reinterpret_cast<u64>(&xen_machine_check);
    case vector::double_fault:
        return reinterpret_cast<u64>(&xen_double_fault);
    default:
        return reinterpret_cast<u64>(xen_stubs[number]);
    }
}

constexpr u8 nmi = static_cast<u8>(vector::nmi);
[[nodiscard]] u64 xen_nmi() noexcept { return reinterpret_cast<u64>(xen_stubs[nmi]); }

void on_callback(u16 type, u16 flags, u64 to) noexcept {
    const callback it{type, flags, to};
    (void)make(call::callback_op, 0, word(&it));
}

} // namespace

void register_table() noexcept { (void)make(call::set_trap_table, word(table)); }

trap_info* registered(u8 vector) noexcept {
    for (trap_info& each : table) {
        if (each.address != 0 && each.vector == vector) {
            return &each;
        }
    }
    return nullptr;
}

void register_traps() noexcept {
    unsigned count = 0;
    for (unsigned i = 0; i < exceptions; ++i) {
        if (i == absent || i == nmi) { // an NMI comes by a callback
            continue;
        }
        const u8 ring = i == static_cast<u8>(vector::breakpoint) ? 3 : 0;
        table[count++] = {static_cast<u8>(i), static_cast<u8>(ring | events_off), XEN_CS, entry_for(i)};
    }
    register_table();
    on_callback(callback_event, mask_events, reinterpret_cast<u64>(&xen_event_entry));
    on_callback(callback_failsafe, mask_events, reinterpret_cast<u64>(&xen_failsafe_entry));
    on_callback(callback_syscall, mask_events, reinterpret_cast<u64>(&xen_syscall_entry));
    on_callback(callback_nmi, 0, xen_nmi()); // of this vCPU
}

void register_traps(guest_context& context) noexcept {
    for (const trap_info& each : table) {
        if (each.address != 0) {
            context.traps[each.vector] = each;
        }
    }
    context.traps[nmi] = {nmi, events_off, XEN_CS, xen_nmi()};
    context.event_callback = reinterpret_cast<u64>(&xen_event_entry);
    context.failsafe_callback = reinterpret_cast<u64>(&xen_failsafe_entry);
    context.syscall_callback = reinterpret_cast<u64>(&xen_syscall_entry);
}

} // namespace kernel::xen
