// SPDX-License-Identifier: BSL-1.0
// machines: x86_64 i386 aarch64
// expect: error: the flags are written in order: 1 to 2 instructions, and not 2, are ORDER in write_flags [code-rule]
#include "common.hpp"

inline constexpr auto twice = rules::each(order).in("write_flags").times(2).because("the flags are written in order");
template struct inlay::code_rules<twice>;

#if defined(__aarch64__)
inline constexpr auto form = dmb(barrier::ishst);
#else
inline constexpr auto form = inlay::x86::insn::sfence();
#endif

extern "C" [[gnu::noinline]] void write_flags() {
    word = 1;
    stores_ordered();
    flag = 1;
#ifdef FIXED
    inlay::alternative<form, inlay::when<has_pmu, form>>{}();
#else
    inlay::alternative<inlay::none, inlay::when<has_pmu, form>>{}();
#endif
    flag = 2;
}

extern "C" void _start() {
    write_flags();
    stores_ordered(); // of another function
}
