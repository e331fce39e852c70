// SPDX-License-Identifier: BSL-1.0
// machines: x86_64
// expect: error: no popf: cannot be proven: no symbol leads to this text [code-unproven]
#include "common.hpp"

inline constexpr auto none = rules::each(rules::instruction("popf")).never().because("no popf");
template struct inlay::code_rules<none>;

asm(".globl _start; .type _start, @function; _start: nop; ret; .size _start, . - _start;"
#ifndef FIXED
    "push %rax; ret"
#endif
);
