// SPDX-License-Identifier: BSL-1.0
// machines: x86_64
// expect: error: only the entries swap gs: swapgs is in form "test.xen" of alternative "way.in" [code-rule]
#include "common.hpp"

using namespace inlay::x86::insn;

inline constexpr auto no_swapgs = rules::each(rules::instruction("swapgs")).never().because("only the entries swap gs");
template struct inlay::code_rules<no_swapgs>;

#ifdef FIXED
inline constexpr auto form = stac();
#else
inline constexpr auto form = swapgs();
#endif

extern "C" void _start() {
    inlay::alternative<nop(3), inlay::when<is_xen, form>>{}.named<"way.in">()(); // here
}
