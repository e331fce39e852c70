// SPDX-License-Identifier: BSL-1.0
// machines: aarch64
// expect: error: the store has one barrier: 3 instructions, and not 2, are store, barrier or isb in form "test.pmu" of alternative "gic.send" [code-rule]
#include "common.hpp"

inline constexpr auto nothing_more = rules::each(rules::store | rules::any_barrier | rules::isb)
                                         .in_sites("gic.*")
                                         .where<has_pmu>()
                                         .times(2)
                                         .because("the store has one barrier");
template struct inlay::code_rules<nothing_more>;

#ifdef FIXED
inline constexpr auto form = dsb(barrier::st) + str(w1, ptr(x0, 0xf00));
#else
inline constexpr auto form = dsb(barrier::st) + str(w1, ptr(x0, 0xf00)) + isb();
#endif
// What stands there without the feature is not counted: the rule has where<...>().
inline constexpr auto site =
    inlay::alternative<nop(12), inlay::when<has_pmu, form>>{}.named<"gic.send">().takes<x0, x1>();

extern "C" void _start() {
    stores_complete(); // of no site
    site(&word, 1);
}
