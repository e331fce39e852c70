// SPDX-License-Identifier: BSL-1.0
//
// A static call passes the same arguments to every target.
#include <inlay/inlay.hpp>

unsigned long jiffies();
double seconds();

inline constexpr inlay::static_call<"now", &jiffies> now;

void use() { inlay::update(now, &seconds); } // wrong
