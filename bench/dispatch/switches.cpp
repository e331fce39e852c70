// SPDX-License-Identifier: BSL-1.0
//
// One of eight ways.
#include "form.hpp"

#include <inlay/inlay.hpp>

namespace bench {

namespace {

inline constexpr inlay::static_switch<"bench.level", 8, 3> level;

[[gnu::always_inline]] inline number one_of_eight(unsigned which, number x) {
    switch (which) {
    case 0:
        return way<0>(x);
    case 1:
        return way<1>(x);
    case 2:
        return way<2>(x);
    case 3:
        return way<3>(x);
    case 4:
        return way<4>(x);
    case 5:
        return way<5>(x);
    case 6:
        return way<6>(x);
    default:
        return way<7>(x);
    }
}

struct directly {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return way<3>(x); }
    static form describe() {
        return {.group = "switches",
                .name = "direct, one of eight",
                .against = "direct, one of eight",
                .site = {.calls = 1},
                .target = place(&way<3>),
                .data = {place(&way<3>)}};
    }
};

struct by_static_switch {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return one_of_eight(level, x); }
    static form describe() {
        return {.group = "switches",
                .name = "static_switch",
                .against = "direct, one of eight",
                .site = {.calls = 1, .jumps = any},
                .target = place(&way<3>),
                .data = {place(&way<3>)},
                .equals = "direct, one of eight"};
    }
};

struct by_switch {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return one_of_eight(selector, x); }
    static form describe() {
        return {.group = "switches",
                .name = "switch",
                .against = "direct, one of eight",
                .site = {.calls = any, .indirect_jumps = 1, .branches = any, .jumps = any, .loads = any},
                .data = {place(&way<3>), &selector}};
    }
};

[[gnu::section("bench_copies"), gnu::used]] constinit copy copies[]{copy_of<directly>(), copy_of<by_static_switch>(),
                                                                    copy_of<by_switch>()};

} // namespace

} // namespace bench
