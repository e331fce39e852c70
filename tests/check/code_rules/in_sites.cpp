// SPDX-License-Identifier: BSL-1.0
// machines: aarch64
// expect: error: the store waits for the stores before it: str w1, [x0, #0xf00] is reached without dsb st after the last store or call [code-rule]
#include "common.hpp"

inline constexpr auto waits = rules::each(rules::store)
                                  .in_sites("gic.*")
                                  .after(rules::dsb(barrier::st))
                                  .without(rules::store, rules::call)
                                  .because("the store waits for the stores before it");
template struct inlay::code_rules<waits>;

#ifdef FIXED
inline constexpr auto form = dsb(barrier::st) + str(w1, ptr(x0, 0xf00));
#else
inline constexpr auto form = nop(4) + str(w1, ptr(x0, 0xf00));
#endif
inline constexpr auto site =
    inlay::alternative<nop(8), inlay::when<has_pmu, form>>{}.named<"gic.send">().takes<x0, x1>();

extern "C" void _start() {
    word = 1;
    site(&word, 1);
}
