// SPDX-License-Identifier: BSL-1.0
//
// One site of each kind, in functions that are called (`main 1`) or not (compiled with -DDEAD). It tests the effect of
// a linker script on their records.
#include <inlay/inlay.hpp>

#include <cstdio>

using namespace inlay::x86::insn;

inline constexpr auto which =
    inlay::alternative<mov(eax, 0), inlay::when<inlay::cpu.fpu, mov(eax, 1)>>{}.returns<rax, int>();
inline constexpr inlay::static_key<"sites.key", false> key;
inline constexpr inlay::static_switch<"sites.switch", 4, 0U> way;
static int one() { return 1; }
static int two() { return 2; }
[[maybe_unused]] inline constexpr inlay::static_call<"sites.call", &one> call_it;
[[maybe_unused]] inline constexpr inlay::dispatch<"sites.dispatch", &one, inlay::when<inlay::cpu.fpu, &two>> choose_it;
#if KIND == 0
int f();
int f() { return which(); }
#elif KIND == 1
int f();
int f() { return key ? 2 : 1; }
#elif KIND == 2
int f();
int f() { return call_it(); }
#elif KIND == 3
int f();
int f() { return choose_it() - 1; }
#else
int f();
int f() { return way == 0 ? 1 : 0; }
#endif

int main() {
    const auto done = inlay::apply();
#ifdef DEAD
    return done && done.sites + done.keys + done.calls == 0 ? 0 : 1;
#else
    std::printf("%s, %u sites, %u keys, %u calls\n", inlay::message(done.error()), done.sites, done.keys, done.calls);
    return done && done.sites + done.keys + done.calls != 0 && f() == 1 ? 0 : 1;
#endif
}
