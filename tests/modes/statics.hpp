// SPDX-License-Identifier: BSL-1.0
//
// Targets that are static in a header, one a unit, as in C and in many libraries: link-time optimisation makes one unit
// of all. `unit` is the unit's own, so that a trampoline shared by mistake shows.
#pragma once

#include <inlay/inlay.hpp>

static inline int slow(int x) { return x + unit; }      // NOLINT(misc-use-anonymous-namespace): the point
static inline int fast(int x) { return x + 10 * unit; } // NOLINT(misc-use-anonymous-namespace)
inline constexpr inlay::feature<"statics.x", inlay::by_hand{}> x;
inline constexpr inlay::dispatch<"statics.dispatch", &slow, inlay::when<x, &fast>> choose;
inline constexpr inlay::static_call<"statics.call", &slow> call;
