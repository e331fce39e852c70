// SPDX-License-Identifier: BSL-1.0
// machines: aarch64
// expect: error: an SGI is sent when the stores are complete: msr icc_sgi1r_el1, x0 is reached without dsb ishst [code-rule]
#include "common.hpp"

inline constexpr auto sgi_after_stores = rules::each(rules::msr(icc_sgi1r_el1))
                                             .after(rules::dsb(barrier::ishst))
                                             .because("an SGI is sent when the stores are complete");
template struct inlay::code_rules<sgi_after_stores>;

extern "C" [[gnu::noinline]] void complete() {
#ifndef FIXED
    if (flag == 0) {
        return;
    }
#endif
    stores_complete();
    word = 2;
}
// Of this file alone: other files may call an exported function, and an object does not show them.
[[gnu::noinline]] static void send() {
    write_sgi(); // here
}

extern "C" void _start() {
    word = 1;
    complete();
    send();
    synchronise();
}
