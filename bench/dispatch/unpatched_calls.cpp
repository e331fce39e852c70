// SPDX-License-Identifier: BSL-1.0
//
// The same calls as apply() finds them: the benchmark leaves the sites of this file alone.
#include "form.hpp"

#include <inlay/inlay.hpp>

namespace bench {

namespace {

inline constexpr inlay::static_call<"bench.unpatched", &callee> static_call;
inline constexpr inlay::pv_call<&unpatched_operations, &operations::call> pv_call;

struct by_trampoline {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return static_call(x); }
    static form describe() {
        return {.group = "calls",
                .name = "static_call, not patched",
                .against = "direct",
                .site = {.calls = 1},
                .through = via::indirect_jump,
                .data = {place(&callee), &decltype(static_call)::state},
                .left_alone = true};
    }
};

struct by_pointer {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return pv_call(x); }
    static form describe() {
        return {.group = "calls",
                .name = "pv_call, not patched",
                .against = "direct",
                .site = {.indirect_calls = 1, .loads = any},
                .data = {place(&callee), &unpatched_operations},
                .left_alone = true};
    }
};

[[gnu::section("bench_copies"), gnu::used]] constinit copy copies[]{copy_of<by_trampoline>(), copy_of<by_pointer>()};

} // namespace

} // namespace bench
