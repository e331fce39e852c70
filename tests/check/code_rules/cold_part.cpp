// SPDX-License-Identifier: BSL-1.0
// machines: x86_64 aarch64
// expect: error: there may be no counter: REACHED is in this function [code-rule]
#include "common.hpp"

inline constexpr auto no_counter = rules::each(pmu_access).in("ns::work").never().because("there may be no counter");
template struct inlay::code_rules<no_counter>;

#if defined(__aarch64__)
#define JUMP "b "
#define COUNT "mrs x0, pmcr_el0"
#else
#define JUMP "jmp "
#define COUNT "rdpmc"
#endif
#ifdef FIXED
#undef COUNT
#define COUNT "nop"
#endif

// GCC's part of an unlikely branch is the function's, too.
asm(".globl _ZN2ns4workEi; .type _ZN2ns4workEi, %function;"
    "_ZN2ns4workEi: " JUMP "_ZN2ns4workEi.cold; .size _ZN2ns4workEi, . - _ZN2ns4workEi;"
    ".type _ZN2ns4workEi.cold, %function;"
    "_ZN2ns4workEi.cold: " COUNT "; ret; .size _ZN2ns4workEi.cold, . - _ZN2ns4workEi.cold");

namespace ns {
void work(int by);
}
extern "C" void _start() { ns::work(flag); }
