// SPDX-License-Identifier: BSL-1.0
//
// The rest of that program: for any x86-64. It is linked after fast_unit.o, so that the linker keeps that unit's copies
// of functions.
#include "units.hpp"

#include <cstdio>

int main() {
    const auto done = inlay::apply();
    const auto set = inlay::set(key, true);
    const auto updated = inlay::update(called, &slow);
    std::printf("apply: %s; set: %s; update: %s; %d %d\n", inlay::message(done.error()), inlay::message(set.error()),
                inlay::message(updated.error()), choose(1), called(1));
    return done && set && updated && called(1) == 2 ? set_by_text() : 1;
}
