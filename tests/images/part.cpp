// SPDX-License-Identifier: BSL-1.0
//
// A site of each kind, in a program, a library or a plugin; its name is PART.
#include "part.hpp"

#include <inlay/inlay.hpp>

namespace {

// NOLINTBEGIN(*-avoid-magic-numbers)
using namespace inlay::x86::insn;
using inlay::when;

template <int Value>
int gives() {
    return Value;
}

inline constexpr inlay::feature<"images.x", inlay::by_hand{}> x;
inline constexpr auto number = inlay::alternative<mov(eax, 1), when<x, mov(eax, 2)>>{}.returns<rax, int>();
inline constexpr inlay::dispatch<"images.dispatch", &gives<1>, when<x, &gives<2>>> chosen;
inline constexpr inlay::static_key<"images.key", false> key;
inline constexpr inlay::static_switch<"images.way", 20, 0U> way;
[[gnu::noinline]] int ask() { return key ? 1 : 0; }
[[gnu::noinline]] unsigned go() { return way; }

} // namespace

namespace [[gnu::visibility("hidden")]] images {

/// Not of the unit alone: its type is the same in all images.
template <int Value>
int result() {
    return Value;
}
inline constexpr inlay::static_call<"images.call", &result<40>> call;

} // namespace images

namespace {

[[gnu::noinline]] int call_it() { return images::call() + 1; }

int apply() {
    inlay::set(x, true);
    return static_cast<int>(inlay::apply().error());
}
int set(int to) {
    using target = int();
    // NOLINTNEXTLINE(*-avoid-c-arrays)
    target* const targets[] = {&images::result<40>, &images::result<41>, &images::result<42>, &images::result<43>};
    inlay::outcome done = inlay::set(key, to % 2 != 0);
    const auto next = inlay::set(way, static_cast<unsigned>(to * 5));
    done = done ? next : done;
    const auto last = inlay::update(images::call, targets[to]);
    return static_cast<int>((done ? last : done).error());
}
bool is(int to) { return ask() == to % 2 && go() == static_cast<unsigned>(to * 5) && call_it() == 41 + to; }
bool is_patched() { return number() == 2 && chosen() == 2; }
// NOLINTEND(*-avoid-magic-numbers)

} // namespace

extern "C" [[gnu::visibility("default")]] const images::part PART;
extern "C" const images::part PART{&apply, &set, &is, &is_patched};
