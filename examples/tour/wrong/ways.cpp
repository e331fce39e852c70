// SPDX-License-Identifier: BSL-1.0
//
// A site of a switch can have 16 ways; where there are more, two stand one behind the other. 64 is the most.
#include <inlay/inlay.hpp>

inline constexpr inlay::static_switch<"level", 65> level; // wrong

unsigned use() { return level; }
