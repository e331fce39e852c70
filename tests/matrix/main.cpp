// SPDX-License-Identifier: BSL-1.0
//
// Runs the checks, which may live in a shared library: a program then has tables of its own as well.
#include "shared.hpp"

#include <cstdlib>

int main(int count, char** arguments) {
    const int failures = matrix::run_checks(count > 1 ? std::atoi(arguments[1]) : -1);
    return failures == 0 && inlay::apply() ? 0 : 1;
}
