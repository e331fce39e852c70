// SPDX-License-Identifier: BSL-1.0
//
// Functions whose instructions are the same until apply(), and an ordinary one like them: a linker that folds identical
// functions (--icf) must keep them apart.
#include <inlay/inlay.hpp>
#include <inlay/pv.hpp>

#include <cstdio>

using namespace inlay::x86::insn;
using inlay::when;

inline constexpr inlay::feature<"folding.x", inlay::by_hand{}> x;
inline constexpr auto one = inlay::alternative<mov(eax, 0), when<x, mov(eax, 1)>>{}.returns<rax, long>();
inline constexpr auto two = inlay::alternative<mov(eax, 0), when<x, mov(eax, 2)>>{}.returns<rax, long>();
inline constexpr auto same_as_plain = inlay::alternative<mov(eax, 7), when<x, mov(eax, 8)>>{}.returns<rax, int>();

[[gnu::noinline]] static long five(long /*value*/) { return 5; }
struct operations {
    inlay::pv_op<long(long), &five> first;
};
inline constinit operations table;
inline constexpr inlay::pv_alt_call<&table, &operations::first, mov(eax, 6), x> called_or_six;
inline constexpr inlay::pv_alt_call<&table, &operations::first, mov(eax, 7), x> called_or_seven;

[[gnu::noinline]] long f() { return one(); }
[[gnu::noinline]] long g() { return two(); }
[[gnu::noinline]] int with_site() { return same_as_plain(); }
[[gnu::noinline]] int plain() {
    asm volatile("");
    return 7;
}
[[gnu::noinline]] long six(long a) { return called_or_six(a); }
[[gnu::noinline]] long seven(long a) { return called_or_seven(a); }
// These two may be folded.
[[gnu::noinline]] long again(long a) { return called_or_seven(a); }
inline constexpr inlay::static_key<"folding.key", false> key;
inline constexpr inlay::static_key<"folding.other", false> other;
[[gnu::noinline]] int with_key() { return key ? 1 : 0; }
[[gnu::noinline]] int with_other() { return other ? 1 : 0; }

int main() {
    const bool before = f() == 0 && g() == 0 && with_site() == 7 && plain() == 7 && six(0) == 5 && seven(0) == 5;
    inlay::set(x, true);
    const auto done = inlay::apply();
    const bool set = bool{inlay::set(key, true)};
    std::printf("%s, set %d: f %ld (1), g %ld (2), with_site %d (8), plain %d (7), six %ld, seven %ld, again %ld, "
                "keys %d (1) %d (0)\n",
                inlay::message(done.error()), set, f(), g(), with_site(), plain(), six(0), seven(0), again(0),
                with_key(), with_other());
    return before && done && set && f() == 1 && g() == 2 && with_site() == 8 && plain() == 7 && six(0) == 6 &&
                   seven(0) == 7 && again(0) == 7 && with_key() == 1 && with_other() == 0
               ? 0
               : 1;
}
