// SPDX-License-Identifier: BSL-1.0
//
// A call of an ifunc, in a file that is compiled with -fno-plt: `call *slot(%rip)`.
#include "form.hpp"

namespace bench {

namespace {

struct without_plt {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return bench_ifunc(x); }
    static form describe() {
        return {.group = "calls",
                .name = "ifunc, no PLT",
                .against = "direct",
                .site = {.indirect_calls = 1, .loads = any},
                .data = {place(&callee)}};
    }
};

[[gnu::section("bench_copies"), gnu::used]] constinit copy copies[]{copy_of<without_plt>()};

} // namespace

} // namespace bench
