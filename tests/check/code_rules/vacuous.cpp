// SPDX-License-Identifier: BSL-1.0
// machines: x86_64
// object: no
// expect: error: gs is ours: no instruction of this file is swapgs [code-vacuous]
#include "common.hpp"

inline constexpr auto gs =
    rules::each(rules::instruction("swapgs")).after(rules::instruction("cli")).because("gs is ours");
template struct inlay::code_rules<gs>;

extern "C" void _start() {
    asm volatile("cli");
#ifdef FIXED
    asm volatile("swapgs");
#endif
}
