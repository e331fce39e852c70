// SPDX-License-Identifier: BSL-1.0
//
// Checks the unwinding at each file's sites, and prints the lines that `inlay check` prints about it.
#include <inlay/check/print.hpp>
#include <inlay/check/program.hpp>
#include <inlay/check/unwind.hpp>

#include <exception>
#include <iostream>

int main(int count, char** files) {
    bool good = true;
    for (int i = 1; i < count; ++i) {
        try {
            const inlay::check::program program{files[i]};
            inlay::check::findings found;
            inlay::check::check_unwind(program, found);
            for (const auto& each : found) {
                print(std::cout, each, program.path(), false);
                good = good && each.severity != inlay::check::severity::error;
            }
            std::cout << files[i] << ": " << program.sites().size() << " sites\n";
        } catch (const std::exception& error) {
            std::cout << error.what() << '\n';
            good = false;
        }
    }
    return good ? 0 : 1;
}
