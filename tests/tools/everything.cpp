// SPDX-License-Identifier: BSL-1.0
//
// A site of each kind, for programs and libraries that a tool has rewritten. It prints the outcome of apply(). Its
// status is 0 if all values are right before apply(), after it (with any outcome), and after each change.
#include <inlay/inlay.hpp>

#include <cstdio>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using namespace inlay::x86::insn;
using inlay::when;

inline constexpr inlay::feature<"tools.x", inlay::by_hand{}> x;
inline constexpr auto number = inlay::alternative<mov(eax, 1), when<x, mov(eax, 2)>>{}.returns<rax, int>();
int slow() { return 10; }
int fast() { return 20; }
inline constexpr inlay::dispatch<"tools.dispatch", &slow, when<x, &fast>> chosen;
inline constexpr inlay::static_key<"tools.key", false> key;
inline constexpr inlay::static_switch<"tools.way", 4, 1U> way;
inline constexpr inlay::static_call<"tools.call", &slow> target;

[[gnu::noinline]] int ask() { return key ? 1 : 0; }
[[gnu::noinline]] int go() {
    switch (way) {
    case 0:
        return 100;
    case 1:
        return 101;
    case 2:
        return 102;
    default:
        return 103;
    }
}
[[gnu::noinline]] int call_it() { return target() + 1; }
[[gnu::noinline]] int jump_to_it() { return target(); }
[[gnu::noinline]] int choose_it() { return chosen() + number(); }

bool is(bool applied, bool on, int at, int result) {
    return ask() == (on ? 1 : 0) && go() == 100 + at && call_it() == result + 1 && jump_to_it() == result &&
           choose_it() == (applied ? 22 : 11);
}

} // namespace

#ifdef AS_LIBRARY
extern "C" [[gnu::visibility("default")]] int run() {
#else
int main() {
#endif
    bool good = is(false, false, 1, 10);
    inlay::set(x, true);
    const auto done = inlay::apply();
    std::printf("%s\n", inlay::message(done.error()));
    const bool applied = static_cast<bool>(done);
    good = good && is(applied, false, 1, 10);
    good = good && inlay::set(key, true) && inlay::set(way, 3) && inlay::update(target, &fast);
    good = good && is(applied, true, 3, 20);
    good = good && inlay::update(target, nullptr) && is(applied, true, 3, 0);
    good = good && inlay::set(key, false) && inlay::set(way, 0) && inlay::update(target, &slow);
    good = good && is(applied, false, 0, 10);
    return good ? 0 : 1;
}

// NOLINTEND(*-avoid-magic-numbers)
