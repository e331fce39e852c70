// SPDX-License-Identifier: BSL-1.0
//
// One apply_proven() patches the sites of proven_sites.S, whose image is sealed. Valgrind counts its instructions,
// which run inside bench_counted(); or the program compares its time with a plain copy of the same bytes.
//
//     valgrind --tool=callgrind --collect-atstart=no --toggle-collect=bench_counted proven
//     proven time            medians of 101 interleaved repetitions, as ratios to the plain copy; also apply()
#include <inlay/apply.hpp>
#include <inlay/apply_proven.hpp>
#include <inlay/platform/bare.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <vector>

#include <sys/mman.h>

extern "C" char bench_text_begin[], bench_text_end[], __executable_start[], _end[]; // NOLINT(*-identifier*)

namespace {

constexpr std::size_t room = 16 * 1024 + std::size_t{8} * SITES;
void do_nothing() noexcept {} // in a virtual machine, cpuid takes as long as hundreds of sites
using kernel = inlay::platform::bare<&do_nothing>;

inlay::uintptr_t at(const char* symbol) { return reinterpret_cast<inlay::uintptr_t>(symbol); }
kernel make_kernel() { return {{at(bench_text_begin), at(bench_text_end)}, {at(__executable_start), at(_end)}}; }

std::vector<char> bytes_of(const void* begin, std::size_t size) {
    return {static_cast<const char*>(begin), static_cast<const char*>(begin) + size};
}
std::vector<char> text() { return bytes_of(bench_text_begin, at(bench_text_end) - at(bench_text_begin)); }

char* seal() { return reinterpret_cast<char*>(inlay::detail::own_room); }

struct site_bytes {
    unsigned length;
    unsigned char bytes[12];
};

/// Something to be timed.
struct way {
    std::function<void()> run;
    std::vector<double> seconds{};

    void time() {
        const auto begin = std::chrono::steady_clock::now();
        run();
        seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    double median() {
        std::sort(seconds.begin(), seconds.end());
        return seconds[seconds.size() / 2];
    }
};

} // namespace

extern "C" [[gnu::noinline]] bool bench_counted() {
    kernel self = make_kernel();
    return static_cast<bool>(inlay::apply_proven<room>(self));
}

namespace {

int compare_times(const std::vector<char>& before, const std::vector<char>& sealed, const std::vector<char>& after) {
    const auto records = inlay::this_image().alternatives;
    std::vector<site_bytes> prepared(records.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
        const auto* const choice = reinterpret_cast<const inlay::table::choice*>(records.records[i].choices.target());
        prepared[i].length = choice->length;
        std::memcpy(prepared[i].bytes, &after[records.records[i].site.target() - at(bench_text_begin)], choice->length);
    }
    const auto restore = [&] {
        std::memcpy(bench_text_begin, before.data(), before.size());
        std::memcpy(seal(), sealed.data(), sealed.size());
    };
    bool good = true;
    // The plain copy knows each site's address by its record, and has its length and its new bytes in a list.
    way ways[] = {{[&] {
                      for (std::size_t i = 0; i < records.size(); ++i) {
                          std::memcpy(reinterpret_cast<void*>(records.records[i].site.target()), prepared[i].bytes,
                                      prepared[i].length);
                      }
                  }},
                  {[&] { good = bench_counted() && good; }},
                  {[&] {
                      kernel self = make_kernel();
                      good = inlay::apply(inlay::this_image(), self) && good;
                  }}};
    for (unsigned round = 0; round < 101; ++round) {
        for (way& each : ways) {
            restore();
            each.time();
            good = good && (round != 0 || text() == after);
        }
    }
    const double copy = ways[0].median();
    std::printf("%zu records: copy %.2f ns each, apply_proven() %.2f plain copies, apply() %.2f\n", records.size(),
                copy * 1e9 / static_cast<double>(records.size()), ways[1].median() / copy, ways[2].median() / copy);
    return good ? 0 : 1;
}

} // namespace

int main(int count, char** /*arguments*/) {
    const auto size = (at(bench_text_end) - at(bench_text_begin) + 8191) & ~inlay::uintptr_t{4095};
    ::mprotect(reinterpret_cast<void*>(at(bench_text_begin) & ~inlay::uintptr_t{4095}), size,
               PROT_READ | PROT_WRITE | PROT_EXEC);
    const auto before = text();
    const auto sealed = bytes_of(seal(), room);
    if (!bench_counted()) {
        std::fprintf(stderr, "the image is not sealed\n");
        return 1;
    }
    const auto after = text();
    if (count > 1) {
        return compare_times(before, sealed, after);
    }
    return before == after ? 1 : 0;
}
