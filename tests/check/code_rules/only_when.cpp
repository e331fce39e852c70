// SPDX-License-Identifier: BSL-1.0
// machines: x86_64 i386 aarch64
// expect: error: there may be no counter: REACHED is reached where test.pmu does not hold [code-rule]
#include "common.hpp"

inline constexpr auto guarded = rules::each(pmu_access).only_when<has_pmu>().because("there may be no counter");
template struct inlay::code_rules<guarded>;

[[gnu::noinline]] static void use_counter() {
    read_pmu(); // here
}

extern "C" void _start() {
    word = 1;
    if (inlay::has<has_pmu>) {
        use_counter();
    }
    word = 2;
#ifndef FIXED
    use_counter();
#endif
}
