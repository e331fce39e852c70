// SPDX-License-Identifier: BSL-1.0
//
// xen_abi_test: the facts of examples/kernel/x86/xen.hpp, against Xen's own public headers (package libxen-dev). It
// passes if it compiles; both sides must have the same sizes, offsets and numbers.
#include "../../examples/kernel/x86/xen.hpp"

// The headers leave names out that are older than this interface.
#define __XEN_INTERFACE_VERSION__ __XEN_LATEST_INTERFACE_VERSION__ // NOLINT(bugprone-reserved-identifier)
#include <cstdint>                                                 // before Xen's, which take its types

#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/xen.h>

#include <cstddef>

namespace {

namespace ours = kernel::xen;

/// A member of one side and of the other: an offset and a size.
struct member {
    std::size_t offset, size;
    constexpr bool operator==(const member&) const = default;
};
// NOLINTBEGIN(cppcoreguidelines-macro-usage): no function can take a member's name
#define MEMBER(type, name) (member{offsetof(type, name), sizeof(type::name)})
#define SAME(our_type, our_name, their_type, their_name)                                                               \
    static_assert(MEMBER(ours::our_type, our_name) == MEMBER(::their_type, their_name))
#define SAME_SIZE(our_type, their_type)                                                                                \
    static_assert(sizeof(ours::our_type) == sizeof(::their_type) && alignof(ours::our_type) == alignof(::their_type))
// NOLINTEND(cppcoreguidelines-macro-usage)

// ---- Structs -------------------------------------------------------------------------------------------

// Xen's goes on, and so does its shared_info: this kernel has only the beginning of both.
static_assert(sizeof(ours::start_info) <= sizeof(::start_info));
static_assert(sizeof(ours::shared_info) <= sizeof(::shared_info));
SAME(start_info, magic, start_info, magic);
SAME(start_info, pages, start_info, nr_pages);
SAME(start_info, shared_info, start_info, shared_info);
SAME(start_info, flags, start_info, flags);
SAME(start_info, store_frame, start_info, store_mfn);
SAME(start_info, store_event, start_info, store_evtchn);
SAME(start_info, console, start_info, console);
SAME(start_info, page_tables, start_info, pt_base);
SAME(start_info, page_table_frames, start_info, nr_pt_frames);
SAME(start_info, frames, start_info, mfn_list);
SAME(start_info, module, start_info, mod_start);
SAME(start_info, module_length, start_info, mod_len);
static_assert(offsetof(ours::start_info, command_line) == offsetof(::start_info, cmd_line) &&
              sizeof(ours::start_info::command_line) == MAX_GUEST_CMDLINE);

SAME_SIZE(time_info, vcpu_time_info);
SAME(time_info, version, vcpu_time_info, version);
SAME(time_info, tsc, vcpu_time_info, tsc_timestamp);
SAME(time_info, nanoseconds, vcpu_time_info, system_time);
SAME(time_info, multiplier, vcpu_time_info, tsc_to_system_mul);
SAME(time_info, shift, vcpu_time_info, tsc_shift);
SAME(time_info, flags, vcpu_time_info, flags);

SAME_SIZE(vcpu_info, vcpu_info);
SAME(vcpu_info, upcall_pending, vcpu_info, evtchn_upcall_pending);
SAME(vcpu_info, upcall_mask, vcpu_info, evtchn_upcall_mask);
SAME(vcpu_info, pending_words, vcpu_info, evtchn_pending_sel);
SAME(vcpu_info, cr2, vcpu_info, arch.cr2);
SAME(vcpu_info, time, vcpu_info, time);

SAME(shared_info, vcpus, shared_info, vcpu_info);
SAME(shared_info, pending, shared_info, evtchn_pending);
SAME(shared_info, mask, shared_info, evtchn_mask);

SAME_SIZE(trap_info, trap_info);
SAME(trap_info, vector, trap_info, vector);
SAME(trap_info, flags, trap_info, flags);
SAME(trap_info, selector, trap_info, cs);
SAME(trap_info, address, trap_info, address);

SAME_SIZE(update, mmu_update);
SAME(update, where, mmu_update, ptr);
SAME(update, value, mmu_update, val);
SAME_SIZE(extended, mmuext_op);
SAME(extended, command, mmuext_op, cmd);
SAME(extended, first, mmuext_op, arg1);
SAME(extended, second, mmuext_op, arg2);

SAME_SIZE(callback, callback_register);
SAME(callback, type, callback_register, type);
SAME(callback, flags, callback_register, flags);
SAME(callback, address, callback_register, address);

SAME_SIZE(bind_virq, evtchn_bind_virq);
SAME(bind_virq, virq, evtchn_bind_virq, virq);
SAME(bind_virq, vcpu, evtchn_bind_virq, vcpu);
SAME(bind_virq, port, evtchn_bind_virq, port);

SAME_SIZE(bind_ipi, evtchn_bind_ipi);
SAME(bind_ipi, vcpu, evtchn_bind_ipi, vcpu);
SAME(bind_ipi, port, evtchn_bind_ipi, port);
static_assert(sizeof(evtchn_send) == sizeof(unsigned)); // a port

SAME_SIZE(guest_context, vcpu_guest_context);
SAME(guest_context, flags, vcpu_guest_context, flags);
SAME(guest_context, traps, vcpu_guest_context, trap_ctxt);
SAME(guest_context, kernel_ss, vcpu_guest_context, kernel_ss);
SAME(guest_context, kernel_rsp, vcpu_guest_context, kernel_sp);
SAME(guest_context, control, vcpu_guest_context, ctrlreg);
SAME(guest_context, event_callback, vcpu_guest_context, event_callback_eip);
SAME(guest_context, failsafe_callback, vcpu_guest_context, failsafe_callback_eip);
SAME(guest_context, syscall_callback, vcpu_guest_context, syscall_callback_eip);
SAME(guest_context, vm_assist, vcpu_guest_context, vm_assist);
SAME(guest_context, gs_base_kernel, vcpu_guest_context, gs_base_kernel);
SAME(guest_context, gs_base_user, vcpu_guest_context, gs_base_user);
static_assert(offsetof(ours::guest_context, rip) == offsetof(vcpu_guest_context, user_regs.rip) &&
              offsetof(ours::guest_context, cs) == offsetof(vcpu_guest_context, user_regs.cs) &&
              offsetof(ours::guest_context, rflags) == offsetof(vcpu_guest_context, user_regs.rflags) &&
              offsetof(ours::guest_context, rsp) == offsetof(vcpu_guest_context, user_regs.rsp) &&
              offsetof(ours::guest_context, selectors) == offsetof(vcpu_guest_context, user_regs.ss));

SAME_SIZE(runstate, vcpu_runstate_info);
SAME(runstate, state, vcpu_runstate_info, state);
SAME(runstate, entered, vcpu_runstate_info, state_entry_time);
SAME(runstate, time, vcpu_runstate_info, time);

// ---- Numbers -------------------------------------------------------------------------------------------

constexpr auto number(ours::call which) { return static_cast<long>(which); }
static_assert(number(ours::call::set_trap_table) == __HYPERVISOR_set_trap_table);
static_assert(number(ours::call::mmu_update) == __HYPERVISOR_mmu_update);
static_assert(number(ours::call::stack_switch) == __HYPERVISOR_stack_switch);
static_assert(number(ours::call::update_va_mapping) == __HYPERVISOR_update_va_mapping);
static_assert(number(ours::call::xen_version) == __HYPERVISOR_xen_version);
static_assert(number(ours::call::console_io) == __HYPERVISOR_console_io);
static_assert(number(ours::call::vcpu_op) == __HYPERVISOR_vcpu_op);
static_assert(number(ours::call::set_segment_base) == __HYPERVISOR_set_segment_base);
static_assert(number(ours::call::mmuext_op) == __HYPERVISOR_mmuext_op);
static_assert(number(ours::call::sched_op) == __HYPERVISOR_sched_op);
static_assert(number(ours::call::callback_op) == __HYPERVISOR_callback_op);
static_assert(number(ours::call::event_channel_op) == __HYPERVISOR_event_channel_op);
static_assert(number(ours::call::set_timer_op) == __HYPERVISOR_set_timer_op);

constexpr bool reads_events_off() {
    ::trap_info trap{};
    trap.flags = ours::events_off;
    return TI_GET_IF(&trap) != 0 && TI_GET_DPL(&trap) == 0;
}
static_assert(reads_events_off());

static_assert(ours::new_base == MMUEXT_NEW_BASEPTR);
static_assert(ours::flush_local == MMUEXT_TLB_FLUSH_LOCAL);
static_assert(ours::flush_one_local == MMUEXT_INVLPG_LOCAL);
static_assert(ours::flush_cache == MMUEXT_FLUSH_CACHE);
static_assert(ours::new_user_base == MMUEXT_NEW_USER_BASEPTR);
static_assert(ours::self == DOMID_SELF);
static_assert(ours::flush_page == UVMF_INVLPG);
static_assert(ours::callback_event == CALLBACKTYPE_event && ours::callback_failsafe == CALLBACKTYPE_failsafe &&
              ours::callback_syscall == CALLBACKTYPE_syscall && ours::mask_events == CALLBACKF_mask_events);
static_assert(ours::callback_nmi == CALLBACKTYPE_nmi);
static_assert(ours::bind_ipi_command == EVTCHNOP_bind_ipi && ours::send_command == EVTCHNOP_send);
static_assert(ours::initialise == VCPUOP_initialise && ours::up == VCPUOP_up && ours::is_up == VCPUOP_is_up &&
              ours::send_nmi_command == VCPUOP_send_nmi);
static_assert(ours::in_kernel == VGCF_in_kernel && ours::syscall_disables_events == VGCF_syscall_disables_events);
static_assert(ours::bind_virq_command == EVTCHNOP_bind_virq && ours::virq_timer == VIRQ_TIMER);
static_assert(ours::get_runstate == VCPUOP_get_runstate_info &&
              ours::stop_periodic_timer == VCPUOP_stop_periodic_timer);
static_assert(ours::runnable == RUNSTATE_runnable && ours::offline == RUNSTATE_offline);
static_assert(ours::block == SCHEDOP_block && ours::shutdown == SCHEDOP_shutdown &&
              ours::shutdown_reboot == SHUTDOWN_reboot);
static_assert(ours::base_gs_user == SEGBASE_GS_USER && ours::base_gs_kernel == SEGBASE_GS_KERNEL);

} // namespace

int main() {
    // A pointer is no constant.
    return ours::word(ours::machine_to_physical) == MACH2PHYS_VIRT_START ? 0 : 1;
}
