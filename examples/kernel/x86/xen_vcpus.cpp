// SPDX-License-Identifier: BSL-1.0
//
// xen_vcpus: several vCPUs, and the events that each gets.
//
// What. Starts the other vCPUs; sends interrupts and NMIs between them; hands events to the handlers of interrupts.
// Why. Live changes synchronise all processors. An event takes the place of the local APIC's interrupt.
// How. A vCPU starts with all its registers, its traps and callbacks in one struct. It does so once: one that goes down
// goes on after that hypercall when it comes up again. Each has an event channel for each
// interrupt that others send it, and one for its timer. Events are bits in three levels: this vCPU has some, in which
// words, which of them.
#include "paging.hpp"
#include "print.hpp"
#include "xen.hpp"

#include <inlay/pv/linux.hpp>

namespace kernel::xen {

namespace {

constexpr vector sent[] = {vector::ipi, vector::synchronise};

/// Event channels; 0: none.
struct ports {
    u32 timer;
    u32 sent[2];
};
constinit ports all[most_cpus]{};
constinit guest_context context{};

void unmask(u32 port) noexcept {
    (void)__atomic_fetch_and(&shared->mask[port >> 6], ~(u64{1} << (port & 63)), __ATOMIC_ACQ_REL);
}
/// Whether the event came; then it has not any more.
[[nodiscard]] bool take(u32 port, u64 words) noexcept {
    const u64 bit = u64{1} << (port & 63);
    return port != 0 && (words >> (port >> 6) & 1) != 0 &&
           (__atomic_fetch_and(&shared->pending[port >> 6], ~bit, __ATOMIC_ACQ_REL) & bit) != 0;
}

void take_events(trap_frame& frame) noexcept {
    this_vcpu().upcall_pending = 0;
    const u64 words = __atomic_exchange_n(const_cast<u64*>(&this_vcpu().pending_words), u64{0}, __ATOMIC_ACQ_REL);
    const ports& mine = all[this_cpu().number];
    for (unsigned i = 0; i < 2; ++i) {
        if (take(mine.sent[i], words)) {
            handle_interrupt(sent[i], frame);
        }
    }
    if (take(mine.timer, words)) {
        take_timer();
    }
}

/// Event channels on which others send to this vCPU.
[[nodiscard]] bool bind(u32 number) noexcept {
    bool good = true;
    for (unsigned i = 0; i < 2; ++i) {
        bind_ipi channel{number, 0};
        good = good && make(call::event_channel_op, bind_ipi_command, word(&channel)) == 0;
        all[number].sent[i] = channel.port;
    }
    return good;
}

[[nodiscard]] bool start_vcpu(u32 number, void (*run)() noexcept) noexcept {
    per_cpu& cpu = cpus[number];
    prepare(cpu, number);
    cpu.user_cs = XEN_CS;
    cpu.user_ss = XEN_DS;
    shared->vcpus[number].upcall_mask = 1;
    context.flags = in_kernel | syscall_disables_events;
    context.rip = reinterpret_cast<u64>(run);
    context.cs = XEN_CS;
    context.rflags = 0x202;
    context.rsp = reinterpret_cast<u64>(cpu.stack) + stack_size - 8; // as after a call
    context.selectors[0] = XEN_DS;
    register_traps(context);
    context.kernel_ss = XEN_DS;
    context.kernel_rsp = cpu.kernel_stack;
    context.control[3] = inlay::x86::pv::make_pgd(inlay::x86::pv::read_cr3() | page::present) & page::address;
    context.gs_base_kernel = reinterpret_cast<u64>(&cpu);
    context.gs_base_user = USER_DATA;
    return bind(number) && make(call::vcpu_op, initialise, number, word(&context)) == 0 &&
           make(call::vcpu_op, up, number) == 0;
}

} // namespace

void begin_events() noexcept {
    ports& mine = all[this_cpu().number];
    if (this_cpu().number == 0) {
        on_interrupt(vector::timer, &take_events); // which is the entry of all events
        (void)bind(0);
    }
    mine.timer = begin_timer();
    for (const u32 port : mine.sent) {
        unmask(port);
    }
    unmask(mine.timer);
}

u32 start_others(void (*run)() noexcept) noexcept {
    u32 count = 1;
    while (count < most_cpus && make(call::vcpu_op, is_up, count) >= 0) {
        const bool asked = start_vcpu(count, run);
        const u64 begin = clock();
        while (asked && cpus[count].online == 0 && clock() - begin < 5'000'000'000) {
            pause();
        }
        if (cpus[count].online == 0) {
            print("processors: vCPU ", count, " did not start\n");
            break;
        }
        ++count;
    }
    return count;
}

void send(u32 number, vector what) noexcept {
    const u32 port = all[number].sent[what == sent[0] ? 0 : 1];
    (void)make(call::event_channel_op, send_command, word(&port));
}
void go_down() noexcept { (void)make(call::vcpu_op, down, this_cpu().number); }
bool bring_up(u32 number) noexcept {
    return make(call::vcpu_op, is_up, number) == 0 && make(call::vcpu_op, up, number) == 0;
}
void send_nmi(u32 number) noexcept { (void)make(call::vcpu_op, send_nmi_command, number); }

} // namespace kernel::xen
