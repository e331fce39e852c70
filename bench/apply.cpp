// SPDX-License-Identifier: BSL-1.0
//
// The cost of the patcher for each record, compared with a plain copy of the same bytes to the same places.
//
//     build/gcc/bench/apply --benchmark_out=FILE --benchmark_out_format=json     # ns_per_record of each row
//
// How it works. Images of 1 to 1,000,000 sites are made in memory: see made_image.hpp.
//
//     copy      a loop that reads the place from each record, and copies the bytes that belong there from an array
//     decide    apply() with a platform that does not write
//     apply     apply(): every check, every decision, every byte
//     process   apply() of sites in the text of this program, by system calls
//
// Between two iterations, the benchmark restores the text; this is not timed. Up to 100 records, an iteration patches
// several images, since one is too short for the clock. Before it times, the benchmark compares all bytes of the text
// with the right bytes.
#include "clock.hpp"
#include "keeper.hpp"
#include "machine.hpp"
#include "made_image.hpp"
#include "progress.hpp"
#include "ratios.hpp"

#include <inlay/inlay.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using bench::image, inlay::address;

// ---- Sites in this program -----------------------------------------------------------------------------

using namespace inlay::x86::insn;
inline constexpr inlay::feature<"bench.odd", inlay::by_hand{}> odd;
inline constexpr auto site = inlay::alternative<nop(5), inlay::when<odd, mov(eax, 1)>>{}.clobbers<rax>();

template <int Copy, std::size_t... Sites>
[[gnu::noinline]] void sites_64(std::index_sequence<Sites...> /*of*/) {
    benchmark::DoNotOptimize(Copy); // or all these functions are one
    ((static_cast<void>(Sites), site()), ...);
}
template <int... Copies>
void sites_everywhere(std::integer_sequence<int, Copies...> /*of*/) {
    (sites_64<Copies>(std::make_index_sequence<64>{}), ...);
}

/// Pages of text with sites.
std::size_t touched_pages() {
    std::set<address> pages;
    const auto all = inlay::this_image().alternatives;
    for (std::size_t i = 0; i < all.size(); ++i) {
        pages.insert(all.records[i].site.target() / 4096);
        pages.insert((all.records[i].site.target() + 4) / 4096);
    }
    return pages.size();
}

// ---- The rows ------------------------------------------------------------------------------------------

using clock = std::chrono::steady_clock;
constexpr std::array<std::size_t, 7> sizes{1, 10, 100, 1'000, 10'000, 100'000, 1'000'000};

std::vector<std::unique_ptr<image>>& images_of(std::size_t count) {
    static std::array<std::vector<std::unique_ptr<image>>, sizes.size()> all;
    auto& some = all[static_cast<std::size_t>(std::find(sizes.begin(), sizes.end(), count) - sizes.begin())];
    while (some.size() < std::clamp<std::size_t>(1'000 / count, 1, 50)) {
        some.push_back(std::make_unique<image>(count));
    }
    return some;
}

/// Registers a row; `once(seconds)` does something to `records` records and adds the time that it took.
template <class Once>
void add(const std::string& name, std::size_t records, Once once) {
    constexpr int repetitions = 31;
    bench::progress::expect(repetitions);
    benchmark::RegisterBenchmark(name.c_str(),
                                 [once, records](benchmark::State& state) {
                                     bench::progress::step();
                                     double all = 0;
                                     static bench::clock units;
                                     units.start();
                                     for (auto _ : state) {
                                         const double seconds = once(state);
                                         state.SetIterationTime(seconds);
                                         all += seconds;
                                     }
                                     static_cast<void>(units.stop());
                                     state.counters["width"] = units.width();
                                     state.counters["ns_per_record"] = all * 1e9 /
                                                                       static_cast<double>(state.iterations()) /
                                                                       static_cast<double>(records);
                                 })
        ->UseManualTime()
        ->Repetitions(repetitions)
        ->MinTime(0.02);
}

void add_made(const char* what, std::size_t count, void (*one)(image&)) {
    const std::size_t images = images_of(count).size();
    add(std::string{what} + '/' + std::to_string(count), count * images, [=](benchmark::State& /*state*/) {
        auto& all = images_of(count);
        for (auto& each : all) {
            each->restore();
        }
        const auto start = clock::now();
        for (auto& each : all) {
            one(*each);
        }
        return std::chrono::duration<double>(clock::now() - start).count();
    });
}

void add_process() {
    const std::size_t records = inlay::this_image().alternatives.size();
    add("process/" + std::to_string(records), records, [pages = touched_pages()](benchmark::State& state) {
        static bool on = false;
        on = !on;
        inlay::set(odd, on);
        const auto start = clock::now();
        inlay::platform::process self;
        const auto done = inlay::apply(inlay::this_image(), self);
        const double seconds = std::chrono::duration<double>(clock::now() - start).count();
        const double writes = self.writes() / static_cast<double>(pages);
        state.counters["writes_per_page"] = std::max(static_cast<double>(state.counters["writes_per_page"]), writes);
        if (!done || done.written != done.sites || writes > 1) {
            state.SkipWithError("not every site was written, or a page more than once");
        }
        return seconds;
    });
}

/// Whether apply() and copy() both write the right bytes, and decide() does not write.
bool are_right() {
    for (const std::size_t count : sizes) {
        for (auto& each : images_of(count)) {
            each->restore();
            bool right = each->decide() && each->is_restored();
            const auto done = each->apply();
            right = right && done && done.written == count && each->is_patched();
            each->restore();
            each->copy();
            if (!right || !each->is_patched()) {
                return false;
            }
        }
    }
    return true;
}

} // namespace

int main(int count, char** arguments) {
    if (const auto emulator = bench::emulator(); !emulator.empty()) {
        std::printf("This processor is emulated by %s: times mean nothing here, and are not measured.\n",
                    emulator.c_str());
        return 1;
    }
    bench::add_context();
    sites_everywhere(std::make_integer_sequence<int, 64>{});
    if (!are_right()) {
        std::printf("A site holds wrong bytes, so the benchmark measures nothing.\n");
        return 1;
    }
    constexpr std::array<std::pair<const char*, void (*)(image&)>, 3> variants{
        {{"copy", [](image& each) { each.copy(); }},
         {"decide", [](image& each) { benchmark::DoNotOptimize(each.decide()); }},
         {"apply", [](image& each) { benchmark::DoNotOptimize(each.apply()); }}}};
    for (const std::size_t size : sizes) {
        for (const auto& [name, one] : variants) {
            add_made(name, size, one);
        }
    }
    add_process();
    bench::keeper kept{"ns_per_record"};
    if (!bench::measure(count, arguments, kept)) {
        return 1;
    }
    std::printf("The core was free in %.0f %% of the repetitions; the others are left out.\n", 100 * kept.choose());
    const auto row = [&](const char* what, std::size_t size) {
        return kept.median(std::string{what} + '/' + std::to_string(size));
    };
    std::printf("The cost of apply() for an alternative's record; medians of 31 interleaved repetitions, wall clock.\n"
                "The ratio is to a plain copy of the same bytes to the same places.\n\n"
                "       records      copy    decide     apply    apply/copy\n");
    for (const std::size_t size : sizes) {
        const double copy = row("copy", size);
        const double apply = row("apply", size);
        if (copy == 0 || apply == 0) { // left out by --benchmark_filter
            continue;
        }
        std::printf("    %10zu %6.2f ns %6.2f ns %6.2f ns    %10.2f\n", size, copy, row("decide", size), apply,
                    apply / copy);
    }
    const std::size_t own = inlay::this_image().alternatives.size();
    std::printf("\n    In this process: %zu sites on %zu pages, %.1f ns a record.\n", own, touched_pages(),
                row("process", own));
    return kept.failed() ? 1 : 0;
}
