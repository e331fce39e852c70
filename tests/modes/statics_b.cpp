// SPDX-License-Identifier: BSL-1.0
static constexpr int unit = 2;
#include "statics.hpp"

int in_b(int value);
int in_b(int value) { return choose(value) * call(value); }
