// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <inlay/configure.hpp>
#include <inlay/inlay.hpp>

inline constexpr inlay::static_key<"units.key", false> key;
int fast(int x);
inline int slow(int x) { return x + 1; }
inline constexpr inlay::dispatch<"units.dispatch", &slow, inlay::when<inlay::cpu.avx2, &fast>> choose;
inline constexpr inlay::static_call<"units.call", &slow> called;
inline constexpr inlay::hook<"units.hook", void(int)> hook;

/// Settings by text, in each unit's own code.
static inline int set_by_text() { return inlay::configure("units.key=on").text().empty() ? 0 : 100; }
