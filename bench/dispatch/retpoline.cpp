// SPDX-License-Identifier: BSL-1.0
//
// A call through a pointer, in a file that is compiled with retpolines: Linux's answer to Spectre v2.
#include "form.hpp"

namespace bench {

namespace {

struct retpoline {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return pointer(x); }
    static form describe() {
        return {.group = "calls",
                .name = "retpoline",
                .against = "direct",
                .site = {.calls = 1, .loads = any},
                .through = via::retpoline,
                .data = {place(&callee), &pointer}};
    }
};

[[gnu::section("bench_copies"), gnu::used]] constinit copy copies[]{copy_of<retpoline>()};

} // namespace

} // namespace bench
