// SPDX-License-Identifier: BSL-1.0
// machines: x86_64
// expect: error: the flags are saved: cannot be proven: an indirect jump at _start+0xAT may lead on: cli is reached without pushf [code-unproven]
#include "common.hpp"

inline constexpr auto saved =
    rules::each(rules::instruction("cli")).after(rules::instruction("pushf")).because("the flags are saved");
template struct inlay::code_rules<saved>;

asm(".globl _start; .type _start, @function; _start: xor %eax, %eax;"
#ifndef FIXED
    " jmp *%rax;"
#endif
    " pushf; cli; ret; .size _start, . - _start");
