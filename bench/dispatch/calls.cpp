// SPDX-License-Identifier: BSL-1.0
//
// Calls as C++ has them.
#include "form.hpp"

namespace bench {

namespace {

struct direct {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return callee(x); }
    static form describe() {
        return {.group = "calls",
                .name = "direct",
                .against = "direct",
                .site = {.calls = 1},
                .target = place(&callee),
                .data = {place(&callee)}};
    }
};

/// The same code at another place: the difference between two measurements of one thing.
struct direct_again {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return callee(x); }
    static form describe() {
        return {.group = "calls",
                .name = "direct, again",
                .against = "direct",
                .site = {.calls = 1},
                .target = place(&callee),
                .data = {place(&callee)},
                .equals = "direct"};
    }
};

struct through_pointer {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return pointer(x); }
    static form describe() {
        return {.group = "calls",
                .name = "function pointer",
                .against = "direct",
                .site = {.indirect_calls = 1, .loads = any},
                .data = {place(&callee), &pointer}};
    }
};

struct through_virtual {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return object->call(x); }
    static form describe() {
        return {.group = "calls",
                .name = "virtual",
                .against = "direct",
                .site = {.indirect_calls = 1, .loads = any},
                .data = {&object, object, *reinterpret_cast<const void* const*>(object)}};
    }
};

struct through_std_function {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return function(x); }
    static form describe() {
        return {.group = "calls",
                .name = "std::function",
                .against = "direct",
                .site = {.indirect_calls = 1, .branches = 1, .loads = any},
                .data = {place(&callee), &function}};
    }
};

struct through_plt {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return bench_ifunc(x); }
    static form describe() {
        return {.group = "calls",
                .name = "ifunc, PLT",
                .against = "direct",
                .site = {.calls = 1},
                .through = via::indirect_jump,
                .data = {place(&callee)}};
    }
};

[[gnu::section("bench_copies"), gnu::used]] constinit copy copies[]{
    copy_of<direct>(),          copy_of<direct_again>(),         copy_of<through_pointer>(),
    copy_of<through_virtual>(), copy_of<through_std_function>(), copy_of<through_plt>()};

} // namespace

} // namespace bench
