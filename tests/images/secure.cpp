// SPDX-License-Identifier: BSL-1.0
//
// A program with the rights of another user ignores INLAY_FEATURES.      secure 0|1
#include "expect.hpp"
#include "featured.hpp"

#include <sys/auxv.h>

extern "C" const images::featured in_program;

int main(int count, char** arguments) {
    images::require(count == 2, "one argument");
    const bool wanted = *arguments[1] == '1';
    if ((getauxval(AT_SECURE) != 0) != wanted) {
        std::printf("this file system, or container, gives no such rights\n");
        return wanted ? 77 : 1; // NOLINT(*-avoid-magic-numbers)
    }
    const char* detail = nullptr;
    images::expect_equal(static_cast<int>(in_program.apply(detail)), 0, "apply()");
    images::expect_equal(in_program.ask(), wanted ? 1 : 2, "the feature");
    return images::failures == 0 ? 0 : 1;
}
