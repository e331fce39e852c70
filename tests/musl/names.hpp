// SPDX-License-Identifier: BSL-1.0
//
// Shared declarations of the program and its plugin.
#pragma once

#include <inlay/inlay.hpp>

namespace names {

[[gnu::noinline]] inline long plus_one(long x) { return x + 1; }

inline constexpr inlay::static_key<"musl.key", false> key;
inline constexpr inlay::static_switch<"musl.ways", 40, 0U> ways;
inline constexpr inlay::static_call<"musl.add", &plus_one> add;

/// A plugin's sites, by the name `musl_plugin`.
struct plugin {
    bool (*key)();
    unsigned (*ways)();
    long (*add)(long);
    bool (*apply)();
    bool (*set_ways)(unsigned);
};

} // namespace names
