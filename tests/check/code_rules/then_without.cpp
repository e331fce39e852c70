// SPDX-License-Identifier: BSL-1.0
// machines: aarch64
// expect: error: the SGI leaves now: ldr w0, [x1] comes after msr icc_sgi1r_el1, x0 and before isb [code-rule]
#include "common.hpp"

inline constexpr auto sgi_leaves = rules::each(rules::msr(icc_sgi1r_el1))
                                       .then(rules::isb)
                                       .without(rules::load, rules::store, rules::call)
                                       .because("the SGI leaves now");
template struct inlay::code_rules<sgi_leaves>;

extern "C" void _start() {
    write_sgi();
#ifdef FIXED
    synchronise();
#endif
    asm volatile("ldr w0, [x1]" : : : "x0", "memory"); // here
    synchronise();
}
