// SPDX-License-Identifier: BSL-1.0
// machines: aarch64
// expect: error: the SGI leaves now: ret leaves the function after msr icc_sgi1r_el1, x0 without isb [code-rule]
#include "common.hpp"

inline constexpr auto sgi_leaves =
    rules::each(rules::msr(icc_sgi1r_el1)).then(rules::isb).because("the SGI leaves now");
template struct inlay::code_rules<sgi_leaves>;

extern "C" [[gnu::noinline]] void send() {
    write_sgi();
#ifndef FIXED
    if (flag == 0) {
        return;
    }
#endif
    synchronise();
    word = 1;
}

extern "C" void _start() {
    send();
    word = 2;
}
