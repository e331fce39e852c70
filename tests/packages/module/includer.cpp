// SPDX-License-Identifier: BSL-1.0
#include <inlay/inlay.hpp>

inline constexpr inlay::static_key<"module.trace", false> trace;

int trace_of_the_includer() { return trace ? 1 : 0; }
