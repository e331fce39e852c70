// SPDX-License-Identifier: BSL-1.0
// machines: x86_64 i386 aarch64
// expect: error: the count comes after the number: REACHED is reached after point recorded without ORDER [code-rule]
#include "common.hpp"

inline constexpr auto in_order = rules::each(rules::point("counted"))
                                     .since(rules::point("recorded"))
                                     .after(order)
                                     .because("the count comes after the number");
template struct inlay::code_rules<in_order>;

extern "C" void _start() {
    word = 1;
    inlay::code_point<"recorded">();
#ifndef FIXED
    if (flag != 2)
#endif
        stores_ordered();
    inlay::code_point<"counted">();
    flag = flag + 1;
    word = 7;
}
