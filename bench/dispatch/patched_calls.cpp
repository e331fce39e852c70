// SPDX-License-Identifier: BSL-1.0
//
// Calls that apply() makes direct.
#include "form.hpp"

#include <inlay/inlay.hpp>

namespace bench {

namespace {

inline constexpr inlay::static_call<"bench.call", &callee> static_call;
inline constexpr inlay::dispatch<"bench.dispatch", &other, inlay::when<inlay::always, &callee>> dispatch;
inline constexpr inlay::pv_call<&patched_operations, &operations::call> pv_call;

struct by_static_call {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return static_call(x); }
    static form describe() {
        return {.group = "calls",
                .name = "static_call",
                .against = "direct",
                .site = {.calls = 1},
                .target = place(&callee),
                .data = {place(&callee)},
                .equals = "direct"};
    }
};

struct by_dispatch {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return dispatch(x); }
    static form describe() {
        return {.group = "calls",
                .name = "dispatch",
                .against = "direct",
                .site = {.calls = 1},
                .target = place(&callee),
                .data = {place(&callee)},
                .equals = "direct"};
    }
};

struct by_pv_call {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return pv_call(x); }
    static form describe() {
        return {.group = "calls",
                .name = "pv_call",
                .against = "direct",
                .site = {.calls = 1},
                .target = place(&callee),
                .data = {place(&callee)},
                .equals = "direct"};
    }
};

[[gnu::section("bench_copies"), gnu::used]] constinit copy copies[]{copy_of<by_static_call>(), copy_of<by_dispatch>(),
                                                                    copy_of<by_pv_call>()};

} // namespace

} // namespace bench
