// SPDX-License-Identifier: BSL-1.0
//
// Runs the checks. They may be in a shared library; then the program also has its own tables.
#include "shared.hpp"

#include <cstdlib>

int main(int count, char** arguments) {
    const int failures = matrix::run_checks(count > 1 ? std::atoi(arguments[1]) : -1);
    return failures == 0 && inlay::apply() ? 0 : 1;
}
