// SPDX-License-Identifier: BSL-1.0
//
// Shared code of the program and its parts; PART is the part's name, as a string.
#pragma once

#include <inlay/inlay.hpp>

namespace parts {

using clock_function = unsigned long();

[[gnu::noinline]] inline unsigned long slow_clock() { return 1; }

inline constexpr inlay::static_key<"parts.shared", false> shared;
inline constexpr inlay::static_switch<"parts.level", 20, 3U> level;
inline constexpr inlay::static_call<"parts.clock", &slow_clock> clock_source;

/// The functions that a part offers to the others, by the name PART_functions.
struct functions {
    bool (*shared)();
    unsigned (*level)();
    unsigned long (*clock)();
    bool (*own)();
    bool (*apply)();
    int (*set)(const char* name, const char* value);
};

} // namespace parts
