// SPDX-License-Identifier: BSL-1.0
//
// Questions: asked of memory, and of the text.
#include "../by_hand.hpp"
#include "form.hpp"

#include <inlay/inlay.hpp>

namespace bench {

namespace {

inline constexpr inlay::static_key<"bench.off", false> off;
inline constexpr inlay::static_key<"bench.on", true> on;

/// One way or the other, a cycle each. Told apart, so that no compiler makes a conditional move of both.
[[gnu::always_inline]] inline number yes(number x) { return by_hand::opaque<1>(by_hand::rotate<13>(x)); }
[[gnu::always_inline]] inline number no(number x) { return by_hand::opaque<0>(by_hand::rotate<7>(x)); }

// Volatile: else a compiler may ask once for the whole block.
[[gnu::always_inline]] inline number ask_unlikely(const volatile bool& question, number x) {
    if (question) [[unlikely]] {
        return yes(x);
    }
    return no(x);
}
[[gnu::always_inline]] inline number ask(const volatile bool& question, number x) { return question ? yes(x) : no(x); }

struct no_question {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return no(x); }
    static form describe() {
        return {.group = "questions",
                .name = "no question",
                .against = "no question",
                .site = {.jumps = any, .rotations = 1}};
    }
};

struct key_off {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return off ? yes(x) : no(x); }
    static form describe() {
        return {.group = "questions",
                .name = "static_key, off",
                .against = "no question",
                .site = {.jumps = any, .rotations = 1},
                .equals = "no question"};
    }
};

struct key_on {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return on ? yes(x) : no(x); }
    static form describe() {
        return {.group = "questions",
                .name = "static_key, on",
                .against = "no question",
                .site = {.jumps = any, .rotations = 1}};
    }
};

/// Some sites are jumps of two bytes, and their new target is out of reach: these sites still read memory.
struct key_turned_on {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return turned_on ? yes(x) : no(x); }
    static form describe() {
        return {.group = "questions",
                .name = "static_key, turned on",
                .against = "no question",
                .site = {.jumps = any, .rotations = 1, .slow = 4}};
    }
};

struct always_false {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return ask_unlikely(flag, x); }
    static form describe() {
        return {.group = "questions",
                .name = "bool, always false",
                .against = "no question",
                .site = {.branches = 1, .jumps = any, .loads = any, .rotations = 1},
                .data = {&flag}};
    }
};

struct one_a_site {
    [[gnu::always_inline]] static number step(number x, std::size_t site) {
        return ask_unlikely(spread_flags[site * line], x);
    }
    static form describe() {
        return {.group = "questions",
                .name = "bool, one a site, false",
                .against = "no question",
                .site = {.branches = 1, .jumps = any, .loads = any, .rotations = 1},
                .data = spread_lines()};
    }
};

struct at_random {
    static constexpr bool moves = true;
    [[gnu::always_inline]] static number step(number x, std::size_t site) {
        return ask(random_flags[cursor + site], x);
    }
    static form describe() {
        return {.group = "questions",
                .name = "bool, at random",
                .against = "no question",
                .site = {.branches = 1, .jumps = any, .loads = any, .rotations = 1}};
    }
};

[[gnu::section("bench_copies"), gnu::used]] constinit copy copies[]{
    copy_of<no_question>(),  copy_of<key_off>(),    copy_of<key_on>(),   copy_of<key_turned_on>(),
    copy_of<always_false>(), copy_of<one_a_site>(), copy_of<at_random>()};

} // namespace

} // namespace bench
