// SPDX-License-Identifier: BSL-1.0
//
// 2. Ternary: right before patching, then yes or no.
//
// What. `ternary<predicate, yes, no, unpatched>` has three forms. apply() leaves either `yes` or `no`. Until then, the
// program runs `unpatched`: it must find the answer the slow way.
//
// Why. Code runs before alternatives are applied: early boot, constructors, other libraries' initialisers. "No"
// would be wrong there, and so would "yes". Linux's static_cpu_has() does exactly this: it tests the bit in memory
// until it is patched to a jump or a nop (_static_cpu_has() in asm/cpufeature.h, ALTERNATIVE_TERNARY()).
//
// How it works underneath. A ternary is an alternative whose original is `unpatched`, then `no` always, then `yes` by
// the predicate: the last one that holds wins. The slow form calls through a pointer in memory, as a paravirtualised
// kernel does before it knows its hypervisor. The compiler sees one site with a result in rax.
#include "tour.hpp"

#include <cstdio>

using namespace inlay::x86::insn;
using inlay::cpu;

namespace {

unsigned questions = 0;

// The stack at a site may be unaligned, so this function aligns it.
[[gnu::force_align_arg_pointer]] unsigned ask_cpuid() {
    ++questions;
    return inlay::x86::holds(cpu.hypervisor.probe(), inlay::x86::this_cpu{}) ? 1 : 0;
}
using question = unsigned();
constinit question* slot = &ask_cpuid;

inline constexpr auto in_virtual_machine =
    inlay::ternary<cpu.hypervisor, mov(eax, 1), mov(eax, 0), call_slot<&slot>()>{}
        .named<"in_virtual_machine">()
        .returns<rax, unsigned>();

[[gnu::noinline]] bool answer() { return in_virtual_machine() != 0; }

void ask(const char* label) {
    const unsigned before = questions;
    const bool yes = answer();
    tour::show(label, "in_virtual_machine");
    std::printf("        -> %s%s\n", yes ? "yes" : "no", questions != before ? ", and CPUID was executed" : "");
}

} // namespace

int main() {
    tour::title(2, "Ternary: right before patching, then yes or no");
    tour::say("Does this program run in a virtual machine? Before apply() the site calls through a pointer to a\n"
              "function that executes CPUID; in a virtual machine, this is an exit to the hypervisor. Afterwards the\n"
              "answer is part of the instruction. The last lines force each answer, as another machine would give it.");
    ask("not applied yet");
    tour::apply_or_leave();
    ask("applied");
    const unsigned after = questions;
    tour::apply_or_leave("-hypervisor");
    ask("applied, -hypervisor");
    const bool no = !answer();
    tour::apply_or_leave("+hypervisor");
    ask("applied, +hypervisor");
    tour::next("conditions: features combined, features of your own, and which form wins.");
    return no && answer() && questions == after ? 0 : 1;
}
