// SPDX-License-Identifier: BSL-1.0
static constexpr int unit = 1;
#include "statics.hpp"

#include <cstdio>

int in_a(int value) { return choose(value) * call(value); }
int in_b(int value);

int main() {
    const int a = in_a(1);
    const int b = in_b(1);
    inlay::set(x, true);
    const auto done = inlay::apply();
    const int later_a = in_a(1);
    const int later_b = in_b(1);
    const auto changed = inlay::update(call, &fast);
    const int last_a = in_a(1);
    const int last_b = in_b(1);
    std::printf("%s: %d %d, %d %d, %d %d\n", inlay::message(done.error()), a, b, later_a, later_b, last_a, last_b);
    // An update is of the whole process: unit b goes to this unit's function then.
    return done && changed && a == 4 && b == 9 && later_a == 22 && later_b == 63 && last_a == 121 && last_b == 231 ? 0
                                                                                                                   : 1;
}
