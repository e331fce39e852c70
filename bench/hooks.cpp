// SPDX-License-Identifier: BSL-1.0
//
// The inner loop of a small interpreter asks a question whose answer is nearly always "nothing". A hook, a static call
// and a checked pointer ask it, each null; one loop asks nothing. Then the same with a target.
//
//     hooks --benchmark_enable_random_interleaving=true --benchmark_repetitions=20 --benchmark_report_aggregates_only=true
//
// The loop is as in an interpreter of a language: it has a switch, and values that the compiler wants to keep in
// registers. The benchmark also has a small function that is called often. Loops are aligned, so that the ways differ
// by their instructions. The ratios of one run count, not the times.
#include <inlay/inlay.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

enum class way : std::uint8_t { nothing, hook, static_call, pointer };

struct machine {
    std::vector<std::uint8_t> code;
    std::int64_t locks;
};

inline constexpr inlay::hook<"bench.lock", void(machine*)> lock_by_hook;
inline constexpr inlay::static_call<"bench.lock.static", inlay::no_target<void(machine*)>> lock_by_call;
void (*lock_by_pointer)(machine*) noexcept = nullptr;

[[gnu::noinline]] void take(machine* of) noexcept { of->locks += 1; }

template <way Way>
[[gnu::always_inline]] inline void ask(machine* of) {
    if constexpr (Way == way::hook) {
        lock_by_hook(of);
    } else if constexpr (Way == way::static_call) {
        lock_by_call.maybe(of);
    } else if constexpr (Way == way::pointer) {
        if (lock_by_pointer != nullptr) {
            lock_by_pointer(of);
        }
    }
}

template <way Way>
[[gnu::noinline]] std::int64_t interpret(machine* of) {
    std::int64_t a = 1;
    std::int64_t b = 2;
    std::int64_t c = 3;
    std::int64_t d = 5;
    std::int64_t e = 7;
    std::int64_t f = 11;
    const std::uint8_t* at = of->code.data();
    for (;;) {
        ask<Way>(of);
        switch (*at++) {
        case 0:
            return a + b + c + d + e + f;
        case 1:
            a += b ^ f;
            break;
        case 2:
            b -= c + e;
            break;
        case 3:
            c ^= d * 3;
            break;
        case 4:
            d += a >> 1;
            break;
        case 5:
            e += b & c;
            break;
        default:
            f ^= d - e;
            break;
        }
    }
}

/// A small function that the interpreter calls often: with the question, it is no leaf any more.
template <way Way>
[[gnu::noinline]] std::int64_t get(machine* of, std::int64_t a, std::int64_t b, std::int64_t c) {
    ask<Way>(of);
    return (a ^ of->locks) + b * 3 - (c >> 1);
}
template <way Way>
[[gnu::noinline]] std::int64_t get_often(machine* of) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < of->code.size(); ++i) {
        sum = get<Way>(of, sum, static_cast<std::int64_t>(i), of->code[i]);
    }
    return sum;
}

machine& example() {
    static machine one = [] {
        machine made{};
        for (int i = 0; i < 1000; ++i) {
            for (const int each : {1, 2, 3, 4, 5, 6}) {
                made.code.push_back(static_cast<std::uint8_t>(each));
            }
        }
        made.code.push_back(0);
        return made;
    }();
    return one;
}

void set_all(void (*target)(machine*) noexcept) {
    lock_by_pointer = target;
    if (!inlay::update(lock_by_hook, target) || !inlay::update(lock_by_call, target)) {
        std::abort();
    }
}

template <std::int64_t (*Function)(machine*), bool Set>
void run(benchmark::State& state) {
    set_all(Set ? &take : nullptr);
    for ([[maybe_unused]] auto each : state) {
        benchmark::DoNotOptimize(Function(&example()));
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(example().code.size()));
    set_all(nullptr);
}

BENCHMARK(run<interpret<way::nothing>, false>)->Name("loop/nothing");
BENCHMARK(run<interpret<way::hook>, false>)->Name("loop/hook");
BENCHMARK(run<interpret<way::static_call>, false>)->Name("loop/static_call");
BENCHMARK(run<interpret<way::pointer>, false>)->Name("loop/pointer");
BENCHMARK(run<get_often<way::nothing>, false>)->Name("function/nothing");
BENCHMARK(run<get_often<way::hook>, false>)->Name("function/hook");
BENCHMARK(run<get_often<way::static_call>, false>)->Name("function/static_call");
BENCHMARK(run<get_often<way::pointer>, false>)->Name("function/pointer");
BENCHMARK(run<interpret<way::hook>, true>)->Name("set/hook");
BENCHMARK(run<interpret<way::static_call>, true>)->Name("set/static_call");
BENCHMARK(run<interpret<way::pointer>, true>)->Name("set/pointer");

} // namespace

int main(int count, char** arguments) {
    if (const auto done = inlay::apply(); !done) {
        std::fprintf(stderr, "inlay: %s\n", inlay::message(done.error()));
        return 1;
    }
    benchmark::Initialize(&count, arguments);
    benchmark::RunSpecifiedBenchmarks();
}
