// SPDX-License-Identifier: BSL-1.0
//
// A switch site can have 16 ways. A switch with more ways uses two sites, one after the other. 64 is the maximum.
#include <inlay/inlay.hpp>

inline constexpr inlay::static_switch<"level", 65> level; // wrong

unsigned use() { return level; }
