// SPDX-License-Identifier: BSL-1.0
// machines: x86_64 aarch64
// object: no
// expect: error: the handler is quick: no function is called ns::handle [code-vacuous]
#include "common.hpp"

inline constexpr auto quick = rules::each(rules::call).in("ns::handle").never().because("the handler is quick");
template struct inlay::code_rules<quick>;

#ifdef FIXED
namespace ns {
#else
namespace other {
#endif
[[gnu::noinline]] void handle(int by) { word = word + by; }
} // namespace ns

extern "C" void _start() {
#ifdef FIXED
    ns::handle(1);
#else
    other::handle(1);
#endif
    word = 2;
}
