// SPDX-License-Identifier: BSL-1.0
// machines: x86_64
// expect: error: Xen has swapped gs: swapgs is reached from way_in where test.xen holds [code-rule]
#include "common.hpp"

using namespace inlay::x86::insn;

inline constexpr auto no_swapgs = rules::each(rules::instruction("swapgs"))
                                      .reached_from("way_in")
                                      .where<is_xen>()
                                      .over_calls()
                                      .never()
                                      .because("Xen has swapped gs");
template struct inlay::code_rules<no_swapgs>;

extern "C" [[gnu::noinline]] void native() {
    asm volatile("swapgs"); // of no way from way_in but by a call
    word = 1;
}
extern "C" [[gnu::noinline]] void way_in() {
#ifdef FIXED
    inlay::alternative<swapgs(), inlay::when<is_xen, nop(3)>>{}();
#else
    inlay::alternative<swapgs(), inlay::when<!is_xen, nop(3)>>{}(); // here
#endif
    native();
    word = 2;
}

extern "C" void _start() {
    way_in();
    word = 3;
}
