// SPDX-License-Identifier: BSL-1.0
// machines: aarch64
// expect: error: an SGI is sent when the stores are complete: msr icc_sgi1r_el1, x0 is reached without dsb ishst or dsb sy [code-rule]
#include "common.hpp"

inline constexpr auto sgi_after_stores = rules::each(rules::msr(icc_sgi1r_el1))
                                             .after(rules::dsb(barrier::ishst, barrier::sy))
                                             .because("an SGI is sent when the stores are complete");
template struct inlay::code_rules<sgi_after_stores>;

extern "C" void _start() {
    word = 1;
#ifdef FIXED
    stores_complete();
#else
    if (flag != 0) { // on one of two paths
        stores_complete();
    }
#endif
    write_sgi(); // here
    synchronise();
}
