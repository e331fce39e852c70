// SPDX-License-Identifier: BSL-1.0
// machines: x86_64
// expect: error: no popf: cannot be proven: these bytes are no instruction [code-unproven]
#include "common.hpp"

inline constexpr auto none = rules::each(rules::instruction("popf")).in("returns").never().because("no popf");
template struct inlay::code_rules<none>;

asm(".globl returns; .type returns, @function; returns: nop; ret;"
#ifndef FIXED
    ".byte 0x06;" // no instruction of 64-bit mode: the rest is not decoded
#endif
    ".size returns, . - returns;"
    ".globl _start; .type _start, @function; _start: jmp returns;"
    ".byte 0x06;" // of another function
    ".size _start, . - _start");
