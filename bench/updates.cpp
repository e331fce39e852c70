// SPDX-License-Identifier: BSL-1.0
//
// What a change costs: of a key and of a static call, by the number of their sites, beside what it is made of.
//
// Each row is one change, there and back in turn, so that each writes. 4,096 sites of another key are in the program
// all the time: they must not count. Ratios to a system call that any safe way of patching needs.
#include "ratios.hpp"

#include <inlay/inlay.hpp>

#include <benchmark/benchmark.h>

#include <cstdio>
#include <utility>

namespace {

inline constexpr inlay::static_key<"updates.one", false> one;
inline constexpr inlay::static_key<"updates.many", false> many;
inline constexpr inlay::static_key<"updates.no_site", false> no_site;

long plus_one(long x) { return x + 1; }
long plus_two(long x) { return x + 2; }
inline constexpr inlay::static_call<"updates.call", &plus_one> call;
long (*volatile pointer)(long) = &plus_one;

[[gnu::noinline]] long ask_one(long x) { return one ? x + 1 : x; }
[[gnu::noinline]] long call_it(long x) { return call(x) + 1; }

template <std::size_t... Sites>
[[gnu::always_inline]] inline long ask_often(long x, std::index_sequence<Sites...> /*of*/) {
    ((x += many ? static_cast<long>(Sites) : 0), ...);
    return x;
}
template <int Copy>
[[gnu::noinline]] long ask_64_times(long x) {
    return ask_often(x + Copy, std::make_index_sequence<64>{});
}
template <int... Copies>
long ask_everywhere(long x, std::integer_sequence<int, Copies...> /*of*/) {
    ((x = ask_64_times<Copies>(x)), ...);
    return x;
}

template <class Change>
void add(const char* name, const char* against, Change change) {
    bench::rows.push_back({name, against});
    benchmark::RegisterBenchmark(name,
                                 [change](benchmark::State& state) {
                                     int i = 0;
                                     for (auto _ : state) {
                                         change(++i % 2 != 0);
                                     }
                                 })
        ->Repetitions(15)
        ->MinTime(0.02);
}

} // namespace

int main(int count, char** arguments) {
    long x = ask_everywhere(ask_one(call_it(count)), std::make_integer_sequence<int, 64>{});
    benchmark::DoNotOptimize(x);
    const auto done = inlay::apply();
    if (!done || done.keys_direct < 4096 || done.calls_missed() != 0) {
        std::printf("A site is not patched, so there is nothing to measure: %s; %u keys, %u direct, %u calls missed\n",
                    inlay::message(done.error()), done.keys, done.keys_direct, done.calls_missed());
        return 1;
    }
    std::printf(
        "What a change costs; medians of 15 interleaved repetitions, wall clock, as ratios to the first row.\n\n");
    const char* const barrier = "one membarrier(SYNC_CORE)";
    add(barrier, barrier, [](bool) { ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0); });
    add("a store to a pointer", barrier, [](bool odd) { pointer = odd ? &plus_two : &plus_one; });
    add("set(): a key without sites", barrier, [](bool odd) { inlay::set(no_site, odd); });
    add("set(): a key of one site", barrier, [](bool odd) { inlay::set(one, odd); });
    add("update(): a call of one site", barrier, [](bool odd) { inlay::update(call, odd ? &plus_two : &plus_one); });
    add("set(): a key of 4,096 sites", barrier, [](bool odd) { inlay::set(many, odd); });
    return bench::run(count, arguments, 1) ? 0 : 1;
}
