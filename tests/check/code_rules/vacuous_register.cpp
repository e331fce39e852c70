// SPDX-License-Identifier: BSL-1.0
// machines: aarch64
// object: no
// expect: error: the counter is on at once: no instruction of this file is msr pmcr_el0 or access icc_pmr_el1 [code-vacuous]
#include "common.hpp"

inline constexpr auto at_once = rules::each(rules::msr(pmcr_el0) | rules::access(icc_pmr_el1))
                                    .next(rules::isb)
                                    .because("the counter is on at once");
template struct inlay::code_rules<at_once>;

extern "C" void _start() {
#ifdef FIXED
    asm volatile("msr pmcr_el0, x0" : : : "memory");
#endif
    synchronise();
}
