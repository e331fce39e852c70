// SPDX-License-Identifier: BSL-1.0
// machines: x86_64
// expect: error: a restore turns interrupts on and nothing else: popfq is in the text [code-rule]
#include "common.hpp"

inline constexpr auto no_popf =
    rules::each(rules::instruction("popf")).never().because("a restore turns interrupts on and nothing else");
template struct inlay::code_rules<no_popf>;

extern "C" void _start() {
#ifdef FIXED
    asm volatile("sti");
#else
    asm volatile("push $2; popf"); // here
#endif
}
