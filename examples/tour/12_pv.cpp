// SPDX-License-Identifier: BSL-1.0
//
// 12. Paravirt operations: functions that a hypervisor may replace, at no cost without a hypervisor.
//
// What. `pv_op` members make up a table of pointers. `pv_alt_call<&irq, &irq_ops::save_fl, pushf_pop(rax), !cpu.xenpv>`
// calls one of them, or has instructions in its place if the predicate holds. A hypervisor's set-up assigns to the
// table and sets a feature. Then apply() writes the sites.
//
// Why. A kernel asks for the flags thousands of times a second, from thousands of places. On bare metal, two
// instructions read them. Under a hypervisor of the Xen PV kind, these instructions give wrong flags, and the kernel
// must call a function. The kernel learns this once, at boot. Linux patches its pv_ops for this purpose, by code that
// is separate from that of alternatives.
//
// How it works underneath. A site is compiled as `call [pointer]`; this form is right before apply(). Its record is an
// alternative's record: features decide first, so a call never overwrites an instruction. Without an instruction, the
// site calls the pointer's target directly. `callee_save` is a separate calling convention: the function keeps all
// registers except its result's, so the caller need not spill any. A thunk adapts any C++ function to it.
#include "tour.hpp"

#include <inlay/pv.hpp>

#include <cstdio>
#include <cstring>

using namespace inlay::x86::insn;
using inlay::cpu;

namespace {

using flags = std::uintptr_t;
constexpr flags interrupts = 0x200;

void write_port() {}

struct irq_ops {
    inlay::pv_op<flags(), inlay::callee_save<pushf_pop(rax)>> save_fl; // native: instructions, as a function
    inlay::pv_op<void(), &write_port> io_delay;                        // a C++ function
    inlay::pv_op<void(int), nullptr> kick;                             // only a hypervisor has one
};
inline constinit irq_ops irq; // plain data, ready before any code runs

inline constexpr inlay::pv_alt_call<&irq, &irq_ops::save_fl, pushf_pop(rax), !cpu.xenpv> save_fl;
inline constexpr inlay::pv_call<&irq, &irq_ops::io_delay> io_delay;
inline constexpr inlay::pv_call<&irq, &irq_ops::kick> kick;

/// A made-up hypervisor. The guest's flags register has no meaning: the hypervisor keeps the interrupt flag in memory,
/// and this flag is off. The flag of a program on the processor is always on.
flags hypervisor_save_fl() { return 2; }

const char* reported = "";
void report(const char* operation) noexcept { reported = operation; }

[[gnu::noinline]] flags run_save_fl() { return save_fl(); }
[[gnu::noinline]] void run_io_delay() { io_delay(); }
[[gnu::noinline]] void run_kick() { kick(3); }

bool right = true;
void expect(bool each) { right = right && each; }

/// Calls save_fl() and prints whether the processor or the hypervisor answered.
void ask() {
    const bool on = (run_save_fl() & interrupts) != 0;
    std::printf("        -> interrupts are %s, says the %s\n", on ? "on" : "off", on ? "processor" : "hypervisor");
    expect(on == (decltype(cpu.xenpv)::cell.value == 0 || irq.save_fl.is_native())); // INLAY_FEATURES may say otherwise
}

} // namespace

int main() {
    tour::title(12, "Paravirt operations: functions that a hypervisor may replace");
    tour::say(
        "A table of three operations. save_fl() asks for the flags. As compiled, it calls through the table; the\n"
        "table holds the native code as a function.");
    tour::call_it(reinterpret_cast<inlay::address>(&irq.save_fl), "irq.save_fl");
    tour::call_it(reinterpret_cast<inlay::address>(&irq.io_delay), "irq.io_delay");
    tour::call_it(reinterpret_cast<inlay::address>(&irq.kick), "irq.kick");
    tour::call_it(irq.save_fl.target(), "native save_fl");
    tour::call_it(tour::address_of(decltype(irq.kick)::missing), "reporter");
    tour::show("compiled", "irq.save_fl");
    ask();

    std::printf("\nWithout a hypervisor, cpu.xenpv is false: the instructions take the place of the call.\n\n");
    tour::apply_or_leave();
    tour::show("applied, bare metal", "irq.save_fl");
    ask();

    // A hypervisor's set-up does this at boot, when it has detected its hypervisor. (A program can do it later: apply()
    // again.)
    std::printf(
        "\nA hypervisor assigns its function, and sets cpu.xenpv: now sites must call the function. They call it by\n"
        "a thunk that keeps the registers: callers of save_fl() were compiled to rely on that.\n\n");
    irq.save_fl = inlay::callee_save<&hypervisor_save_fl>;
    inlay::set(cpu.xenpv, true);
    tour::call_it(irq.save_fl.target(), "thunk of hypervisor_save_fl");
    tour::apply_or_leave();
    tour::show("applied, hypervisor", "irq.save_fl");
    ask();

    std::printf("\nAn operation that does nothing costs nothing: not even the call is left.\n\n");
    tour::show("io_delay(): a function", "irq.io_delay");
    irq.io_delay = inlay::pv_nop; // a hypervisor has no slow ports to wait for
    tour::apply_or_leave();
    tour::show("io_delay() is pv_nop", "irq.io_delay");
    run_io_delay();

    std::printf(
        "\nkick() has no target. Its call goes to a reporter; the default reporter prints this and aborts.\n\n");
    tour::show("kick(): missing", "irq.kick");
    inlay::on_missing_operation(&report);
    run_kick();
    std::printf("        -> reported: no target for %s\n", reported);
    std::printf("\nTry it: INLAY_FEATURES=-xenpv build/tour/examples/tour/12_pv, and no site calls the hypervisor.\n");
    expect(std::strcmp(reported, "irq.kick") == 0);

    tour::next("knobs by name, in the program and outside.");
    return right ? 0 : 1;
}
