// SPDX-License-Identifier: BSL-1.0
//
// A program that applies, but has no site at all: it must link and succeed, with every linker.
#include <inlay/inlay.hpp>

int main() {
    const auto done = inlay::apply();
    return done && done.sites == 0 && done.calls == 0 ? 0 : 1;
}
