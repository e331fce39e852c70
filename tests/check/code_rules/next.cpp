// SPDX-License-Identifier: BSL-1.0
// machines: aarch64
// expect: error: the counter counts from here on: after msr pmcr_el0, x0 comes nop, and not isb [code-rule]
#include "common.hpp"

inline constexpr auto counts =
    rules::each(rules::msr(pmcr_el0)).in("_start").next(rules::isb).because("the counter counts from here on");
template struct inlay::code_rules<counts>;

extern "C" void _start() {
#ifdef FIXED
    asm volatile("msr pmcr_el0, x0; isb" : : : "memory");
#else
    asm volatile("msr pmcr_el0, x0; nop; isb" : : : "memory"); // here
#endif
}
