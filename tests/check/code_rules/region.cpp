// SPDX-License-Identifier: BSL-1.0
// machines: x86_64 i386 aarch64
// expect: error: the stack is another one there: REACHED is reached after point on_other_stack before point on_own_stack [code-rule]
#include "common.hpp"

inline constexpr auto no_call = rules::each(rules::call)
                                    .since(rules::point("on_other_stack"))
                                    .until(rules::point("on_own_stack"))
                                    .never()
                                    .because("the stack is another one there");
template struct inlay::code_rules<no_call>;

extern "C" [[gnu::noinline]] void notify() { flag = flag + 1; }

extern "C" void _start() {
    notify();
    inlay::code_point<"on_other_stack">();
    word = 1;
    if (flag == 2) {
        word = 2;
#ifndef FIXED
        notify(); // here
#endif
    }
    inlay::code_point<"on_own_stack">();
    notify();
    word = 4;
}
