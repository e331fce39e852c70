// SPDX-License-Identifier: BSL-1.0
//
// 5. Dispatch: a function chosen by feature.
//
// What. `dispatch<"crc32c", &table, when<cpu.sse4_2, &instruction>>` is called like a function. It stands for one of
// several functions with the same signature. apply() chooses the function, and redirects every call to it.
//
// Why. An inner loop such as CRC-32C deserves a version for each kind of CPU. ifunc chooses as well, but inside the
// dynamic linker, before main, without overrides. Its calls stay indirect. A function pointer is easy, but with
// retpolines each call through it costs some twenty cycles.
//
// How it works underneath. The compiler sees an ordinary call of a trampoline. The trampoline jumps through a pointer
// that first holds the default, so calls work before apply(). A record marks each call. apply() finds the `call` of
// this trampoline after the marker, and writes the distance to the chosen function into it. Linux: static_call().
#include "crc32c.hpp"
#include "tour.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>

using inlay::cpu, inlay::when;

namespace {

inline constexpr inlay::dispatch<"tour.crc32c", &crc32c::by_table, when<cpu.sse4_2, &crc32c::by_instruction>,
                                 when<cpu.sse4_2 && cpu.pclmulqdq, &crc32c::three_at_once>>
    checksum;

/// One row of the table: the features hidden from apply(), and the results.
struct row {
    const char* overrides;
    const char* chosen{};
    std::uint32_t crc{};
    std::vector<double> rates{}; ///< in bytes a nanosecond

    [[nodiscard]] double median() const {
        auto sorted = rates;
        std::sort(sorted.begin(), sorted.end());
        return sorted[sorted.size() / 2];
    }
};

/// Reads the data again and again for 20 ms, by the call in the middle of this function.
void measure(row& to, const std::vector<char>& data) {
    using clock = std::chrono::steady_clock;
    const auto begin = clock::now();
    double bytes = 0;
    auto taken = clock::duration::zero();
    for (; taken < std::chrono::milliseconds(20); taken = clock::now() - begin) {
        to.crc = checksum(data.data(), data.size());
        bytes += static_cast<double>(data.size());
    }
    to.rates.push_back(bytes / std::chrono::duration<double, std::nano>(taken).count());
}

const char* name_of(const void* function) {
    return function == reinterpret_cast<const void*>(&crc32c::by_table)         ? "by_table"
           : function == reinterpret_cast<const void*>(&crc32c::by_instruction) ? "by_instruction"
                                                                                : "three_at_once";
}

} // namespace

int main(int count, char** arguments) {
    tour::title(5, "Dispatch: a function chosen by feature");
    tour::say("CRC-32C of a real file, by one call in one function. apply() decides whether that call goes to a loop\n"
              "over a table, to SSE4.2's crc32 instruction, or to three such instructions at a time. It decides three\n"
              "times, and each time fewer features are hidden from it. Rounds alternate; the table has medians.");
    const char* const path = count > 1 ? arguments[1] : "/proc/self/exe";
    std::ifstream file{path, std::ios::binary};
    const std::vector<char> data{std::istreambuf_iterator<char>{file}, {}};
    if (data.empty()) {
        std::fprintf(stderr, "05_dispatch: %s cannot be read, or is empty\n", path);
        return 1;
    }

    const char test[] = "123456789"; // the standard test of every CRC; for CRC-32C, it is e3069283
    bool right = checksum(test, 9) == 0xe3069283;
    unsigned kept = 0;
    row rows[] = {{"-sse4_2"}, {"-pclmulqdq"}, {""}};
    for (int round = 0; round < 7; ++round) {
        for (auto& each : rows) {
            kept = tour::counts_or_leave(each.overrides).calls_kept();
            right = right && checksum(test, 9) == 0xe3069283;
            each.chosen = name_of(reinterpret_cast<const void*>(decltype(checksum)::state.target));
            measure(each, data);
        }
    }
    std::printf("    %s, %zu bytes\n\n    %-12s %-16s %-10s %s\n", path, data.size(), "hidden", "chosen", "CRC-32C",
                "bytes/ns    against the table");
    for (const auto& each : rows) {
        std::printf("    %-12s %-16s %08x   %6.2f     %6.1f times\n",
                    *each.overrides != '\0' ? each.overrides : "nothing", each.chosen, each.crc, each.median(),
                    each.median() / rows[0].median());
        right = right && each.crc == rows[0].crc;
    }
    std::printf(
        "\n%s %s\nThe table is the simplest kind; there are faster ones, so the ratios flatter the instruction.\n",
        right ? "All agree, and with the published test value." : "THEY DO NOT AGREE.",
        kept == 0 ? "Each call goes straight to its function."
                  : "Calls still go through their trampoline, as they do in programs built without -O.");
    tour::next("a branch that is one nop while it is off, and may be turned on at any time.");
    return right ? 0 : 1;
}
