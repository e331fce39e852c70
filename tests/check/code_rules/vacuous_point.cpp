// SPDX-License-Identifier: BSL-1.0
// machines: x86_64 aarch64
// object: no
// expect: error: the region has no call: no code point is called "begin" [code-vacuous]
#include "common.hpp"

inline constexpr auto quiet =
    rules::each(rules::call).since(rules::point("begin")).never().because("the region has no call");
template struct inlay::code_rules<quiet>;

extern "C" void _start() {
#ifdef FIXED
    inlay::code_point<"begin">();
#else
    inlay::code_point<"begins">();
#endif
    word = 2;
}
