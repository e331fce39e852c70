// SPDX-License-Identifier: BSL-1.0
// machines: aarch64
// expect: error: an SGI is sent when the stores are complete: msr icc_sgi1r_el1, x0 is reached without dsb ishst after the last store [code-rule]
#include "common.hpp"

inline constexpr auto sgi_after_stores = rules::each(rules::msr(icc_sgi1r_el1))
                                             .after(rules::dsb(barrier::ishst))
                                             .without(rules::store)
                                             .because("an SGI is sent when the stores are complete");
template struct inlay::code_rules<sgi_after_stores>;

extern "C" void _start() {
#ifdef FIXED
    asm volatile("str wzr, [x1]" : : : "memory");
    stores_complete();
#else
    stores_complete();
    asm volatile("str wzr, [x1]" : : : "memory");
#endif
    write_sgi(); // here
    synchronise();
}
