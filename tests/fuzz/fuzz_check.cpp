// SPDX-License-Identifier: BSL-1.0
//
// fuzz_check: damaged files for the checker. It may report anything, but it ends, and reads no foreign memory.
//
//     fuzz_check -max_total_time=20 CORPUS FOLDER-OF-PROGRAMS
#include <inlay/check/rules.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const inlay::check::program program{inlay::report::elf_file{"/nonexistent", {data, data + size}}};
        inlay::check::findings found;
        inlay::check::check_all(program, {.retpoline = true}, found, [](const char* /*rule*/) {});
    } catch (const inlay::report::file_error&) { // NOLINT(bugprone-empty-catch): it names the fault of the file
    }
    return 0;
}
