// SPDX-License-Identifier: BSL-1.0
//
// fuzz_check: damaged files for the checker. It may report anything, but it ends, and reads no foreign memory.
//
//     fuzz_check -max_total_time=20 CORPUS FOLDER-OF-PROGRAMS                      (libFuzzer)
//     afl-fuzz -i FOLDER-OF-PROGRAMS -o FOUND -- fuzz_check                        (AFL++)
//
// libFuzzer limits the memory itself (-rss_limit_mb). AFL++ limits the address space, of which an image reserves much.
// So the target itself stops when it has had 1 GB in use.
#include <inlay/check/rules.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <sys/resource.h>

namespace {

constexpr long most_memory = 1L << 20; // KiB

bool used_too_much() {
    rusage used{};
    return getrusage(RUSAGE_SELF, &used) == 0 && used.ru_maxrss > most_memory;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const inlay::check::program program{inlay::report::elf_file{"/nonexistent", {data, data + size}}};
        inlay::check::findings found;
        inlay::check::check_all(program, {.retpoline = true}, found, [](const char* /*rule*/) {});
    } catch (const inlay::report::file_error&) { // NOLINT(bugprone-empty-catch): it names the fault of the file
    }
    if (used_too_much()) {
        std::abort();
    }
    return 0;
}
