// SPDX-License-Identifier: BSL-1.0
//
// The effect of INLAY_FEATURES in a program and a library.
//     features FIRST SAYS DETAIL PROGRAM LIBRARY       the image that applies first; both outcomes; both values afterwards
#include "expect.hpp"
#include "featured.hpp"

#include <array>
#include <cstring>

extern "C" const images::featured in_program, in_library;

int main(int count, char** arguments) {
    images::require(count == 6, "five arguments");
    const bool program_first = std::strcmp(arguments[1], "program") == 0;
    const inlay::error says = std::strcmp(arguments[2], "unknown") == 0     ? inlay::error::override_unknown
                              : std::strcmp(arguments[2], "malformed") == 0 ? inlay::error::override_malformed
                                                                            : inlay::error::no_error;
    const char* const detail = says == inlay::error::no_error ? "" : arguments[3];
    const std::array<const images::featured*, 2> order{program_first ? &in_program : &in_library,
                                                       program_first ? &in_library : &in_program};
    for (int turn = 0; turn < 2; ++turn) { // again, with all known
        for (const auto* const each : order) {
            const char* said = nullptr;
            images::expect_equal(static_cast<int>(each->apply(said)), static_cast<int>(says), "apply()");
            images::expect(std::strcmp(said, detail) == 0, said);
        }
        images::expect_equal(in_program.ask(), std::atoi(arguments[4]), "the program");
        images::expect_equal(in_library.ask(), std::atoi(arguments[5]), "the library");
    }
    return images::failures == 0 ? 0 : 1;
}
