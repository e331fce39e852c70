// SPDX-License-Identifier: BSL-1.0
//
// The names that all parts share, and the functions of each part: PART is the part's name.
#pragma once

#include <inlay/inlay.hpp>

#include <string>

namespace names {

// Inline, so that every image has its own copy.
inline int add_one(int x) { return x + 1; }

#ifdef CLASH
inline constexpr inlay::static_key<"names.key", true> key;
inline double of_another_type(double x) { return x; }
inline constexpr inlay::static_call<"names.call", &of_another_type> call;
#else
inline constexpr inlay::static_key<"names.key", false> key;
inline constexpr inlay::static_call<"names.call", &add_one> call;
#endif
inline constexpr inlay::static_switch<"names.switch", 30, 2U> level;
// Types that compilers spell at length.
inline std::string repeat(const std::string& text, int times) {
    return times == 0 ? "" : text + repeat(text, times - 1);
}
inline constexpr inlay::static_call<"names.text", &repeat> text;

inline constexpr inlay::static_call<"names.null", inlay::no_target<int(int)>> null;

/// The functions that a part offers to the others, by the name PART_functions.
struct functions {
    bool (*key)();
    unsigned (*level)();
    int (*call)(int);
    std::string (*text)(const char*);
    inlay::outcome (*apply)();
    inlay::outcome (*set_key)(bool);
    inlay::outcome (*set_level)(unsigned);
    inlay::outcome (*update)(int (*)(int));
    int (*call_null)(int);
    inlay::outcome (*update_null)(int (*)(int));
};

} // namespace names
