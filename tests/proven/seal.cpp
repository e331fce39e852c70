// SPDX-License-Identifier: BSL-1.0
//
// Seals files, without the rules that `inlay check --seal` asks first.
#include <inlay/check/seal.hpp>

#include <cstdio>
#include <exception>

int main(int count, char** arguments) {
    for (int i = 1; i < count; ++i) {
        try {
            const auto done = inlay::check::seal_file(arguments[i]);
            std::printf("%s: %zu sites, %zu plans, %zu terms: %zu of %zu bytes\n", arguments[i], done.sites, done.plans,
                        done.terms, done.used, done.room);
        } catch (const std::exception& reason) {
            std::printf("%s\n", reason.what());
            return 1;
        }
    }
    return count > 1 ? 0 : 2;
}
