// SPDX-License-Identifier: BSL-1.0
// machines: aarch64
// expect: error: nothing is synchronised: cannot be proven: no symbol leads to this text [code-unproven]
#include "common.hpp"

inline constexpr auto none = rules::each(rules::isb).never().because("nothing is synchronised");
template struct inlay::code_rules<none>;

asm(".globl _start; .type _start, %function; _start: nop; ret; .size _start, . - _start;"
    ".word 1;" // data, and instructions without a name after it
#ifndef FIXED
    "mov x0, x1; ret"
#endif
);
