// SPDX-License-Identifier: BSL-1.0
//
// expect: counts the checks that fail, and prints them.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace [[gnu::visibility("hidden")]] images {

inline int failures = 0;

inline void expect(bool good, const char* what) {
    if (!good) {
        ++failures;
        std::printf("wrong: %s\n", what);
    }
}

inline void expect_equal(int found, int wanted, const char* what) {
    if (found != wanted) {
        ++failures;
        std::printf("wrong: %s: %d, not %d\n", what, found, wanted);
    }
}

/// For conditions that the rest of the test needs.
inline void require(bool good, const char* what) {
    if (!good) {
        std::printf("wrong: %s\n", what);
        std::exit(1);
    }
}

} // namespace images
