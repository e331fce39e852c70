// SPDX-License-Identifier: BSL-1.0
//
// code_rules: which instructions this kernel's text does not have, and which ones Xen never sees.
//
// What. Rules for `inlay check kernel.elf`, which proves them from the instructions, with every form of every site.
// Why. Items 3 and 5 of the series: under Xen, %gs is swapped already when an entry begins; and a restore of the flags
// turns interrupts on and changes nothing else.
#include <inlay/code_rules.hpp>
#include <inlay/kernel.hpp>

namespace kernel {

namespace {
namespace rules = inlay::rules;
}

/// Start-up code of 16 and 32 bits, and data in text, are no instructions of 64-bit mode (boot_native.S, user.S).
inline constexpr auto no_popf = rules::each(rules::instruction("popf"))
                                    .outside("enter_long_mode", "ap_start", "ap_gdt_pointer", "text")
                                    .never()
                                    .because("a restore turns interrupts on, and changes no other flag");
/// The ways in from Xen, and the ways out to it (entry.S, switch.S), without the calls that they make.
inline constexpr auto no_swapgs_under_xen =
    rules::each(rules::instruction("swapgs"))
        .reached_from("xen_event_entry", "xen_machine_check", "xen_double_fault", "xen_syscall_entry", "xen_stubs",
                      "enter_user")
        .where<inlay::cpu.xenpv>()
        .over_calls()
        .never()
        .because("Xen has swapped gs at each entry");
/// Natively, the way into the kernel's C++ from SYSCALL has the kernel's %gs.
inline constexpr auto swapped_at_syscall = rules::each(rules::call_of("trap_handler"))
                                               .reached_from("syscall_entry")
                                               .over_calls()
                                               .after(rules::instruction("swapgs"))
                                               .because("a system call runs with the kernel's gs");

} // namespace kernel

template struct inlay::code_rules<kernel::no_popf, kernel::no_swapgs_under_xen, kernel::swapped_at_syscall>;
