// SPDX-License-Identifier: BSL-1.0
//
// 14. Costs and savings: a first look, on this machine.
//
// What. The same call made in several ways. The same instruction with and without a choice before it. The same
// question, answered by memory and by text. Each figure is a ratio to the plain form of its group, from the same run.
//
// Why. "Patched code is faster" is true in some places and not in others. Users of patching should know these places.
//
// How it works underneath. Each variant is a chain of 256 steps; each step's result feeds the next step. The loop
// starts on a new cache line. Google Benchmark runs the repetitions of all variants in random order, so that a machine
// that slows down slows all of them. The ratios compare medians. Before the program prints a number, it checks the
// bytes of the sites: patched variants are patched, and the others are not.
#include "by_hand.hpp"
#include "machine.hpp"
#include "ratios.hpp"

#include <inlay/inlay.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace inlay::x86::insn;
using inlay::always, inlay::cpu, inlay::when;
using number = std::uint64_t;
constexpr unsigned steps = 256; // a chain; the loop around the chains does not count then

[[gnu::noinline]] number other(number x) {
    benchmark::DoNotOptimize(x);
    return bench::by_hand::rotate<7>(x);
}
[[gnu::noinline]] number callee(number x) {
    benchmark::DoNotOptimize(x);
    return bench::by_hand::rotate<13>(x);
}

inline constexpr inlay::feature<"bench.off", inlay::by_hand{}> off; // never set

// ---- Calls ---------------------------------------------------------------------------------------------

inline constexpr inlay::dispatch<"bench.applied", &other, when<always, &callee>> applied;
inline constexpr inlay::dispatch<"bench.not_applied", &callee, when<always, &other>> not_applied;
number (*volatile pointer)(number) = &callee; // volatile: the compiler must not know where it points

// Clang takes the directives that a site writes for instructions, and does not inline functions with sites.
#define BENCH_INLINE __attribute__((always_inline))

/// A chain of `step(x, i)`. A separate function, so that all loops have the same alignment.
template <class Step>
[[gnu::noinline, gnu::aligned(64)]] number chain(number x, Step step) {
    for (unsigned i = 0; i < steps; ++i) {
        x = step(x, i);
    }
    return x;
}

constexpr auto direct = [](number x, unsigned) BENCH_INLINE { return callee(x); };
constexpr auto through_pointer = [](number x, unsigned) BENCH_INLINE { return pointer(x); };
constexpr auto before_apply = [](number x, unsigned) BENCH_INLINE { return not_applied(x); };
constexpr auto after_apply = [](number x, unsigned) BENCH_INLINE { return applied(x); };

#if defined(__GNUC__) && !defined(__clang__)
#define BENCH_HAS_RETPOLINE // Clang has it for whole files only (-mretpoline)
[[gnu::noinline, gnu::aligned(64), gnu::indirect_branch("thunk-inline")]] number retpolines(number x) {
    for (unsigned i = 0; i < steps; ++i) {
        x = pointer(x);
    }
    return x;
}
#endif

// ---- Instructions ----------------------------------------------------------------------------------------

number software_popcount(number x) { return static_cast<number>(std::popcount(x)); } // compiled for any x86-64

inline constexpr auto patched_popcount =
    inlay::alternative<call<&software_popcount>(), when<cpu.popcnt, popcnt(rax, rdi)>>{}
        .named<"bench.popcount">()
        .takes<rdi>()
        .returns<rax, number>();
inline constexpr auto called_popcount =
    inlay::alternative<call<&software_popcount>(), when<off, popcnt(rax, rdi)>>{}.takes<rdi>().returns<rax, number>();

// The parts around the instruction are the same in all three.
[[gnu::noinline, gnu::aligned(64), gnu::target("popcnt")]] number popcount_by_hand(number x) {
    for (unsigned i = 0; i < steps; ++i) {
        x = static_cast<number>(__builtin_popcountll(x)) ^ i;
    }
    return x;
}
constexpr auto popcount_patched = [](number x, unsigned i) BENCH_INLINE { return patched_popcount(x) ^ i; };
constexpr auto popcount_called = [](number x, unsigned i) BENCH_INLINE { return called_popcount(x) ^ i; };

// ---- Questions -------------------------------------------------------------------------------------------

std::array<bool, 1U << 16> flags{}; // more than a branch predictor remembers
unsigned position = 0;
volatile bool flag = true;
inline constexpr auto patched_flag =
    inlay::alternative<mov(eax, 0), when<always, mov(eax, 1)>>{}.named<"bench.flag">().returns<rax, bool>();

constexpr auto asks_memory = [](number x, unsigned) BENCH_INLINE { return flag ? callee(x) : other(x); };
constexpr auto asks_text = [](number x, unsigned) BENCH_INLINE { return patched_flag() ? callee(x) : other(x); };
constexpr auto asks_at_random = [](number x, unsigned) BENCH_INLINE {
    position = (position + 1) % flags.size();
    return flags[position] ? callee(x) : other(x);
};

// ---- Do the variants match their names? --------------------------------------------------------------------

/// Applies all sites except the calls of `not_applied`, record by record: tables are data. Returns the number of calls
/// that became direct calls of `callee`; -1 in any other case.
int apply_all_but_one() {
    inlay::platform::process self;
    const auto all = inlay::this_image();
    if (!inlay::apply({all.alternatives, {}}, self)) {
        return -1;
    }
    int patched = 0;
    for (std::size_t i = 0; i < all.calls.size(); ++i) {
        auto& record = all.calls.records[i];
        const auto& called = *reinterpret_cast<const inlay::table::callee*>(record.callee.target());
        if (std::strcmp(inlay::name_at(self, called.name), "bench.applied") != 0) {
            continue;
        }
        const auto done = inlay::apply({{}, {&record, sizeof record}}, self);
        const auto* const call = reinterpret_cast<const std::uint8_t*>(record.site.target()); // found by now
        std::int32_t distance = 0;
        std::memcpy(&distance, call + 1, sizeof distance);
        if (!done || done.calls_direct != 1 || call[0] != 0xe8 ||
            reinterpret_cast<std::uintptr_t>(call) + 5 + static_cast<std::uintptr_t>(std::intptr_t{distance}) !=
                reinterpret_cast<std::uintptr_t>(&callee)) {
            return -1;
        }
        ++patched;
    }
    return patched;
}

/// Whether every site of the alternative called `name` begins with `bytes`.
bool holds(const char* name, const char* bytes, std::size_t size) {
    const auto table = inlay::this_image().alternatives;
    const inlay::platform::process self;
    bool found = false;
    for (std::size_t i = 0; i < table.size(); ++i) {
        const auto& record = table.records[i];
        const auto& choice = *reinterpret_cast<const inlay::table::choice*>(record.choices.target());
        if (std::strcmp(inlay::name_at(self, choice.name), name) == 0) {
            found = true;
            if (std::memcmp(reinterpret_cast<const void*>(record.site.target()), bytes, size) != 0) {
                return false;
            }
        }
    }
    return found;
}

// ---- The table -------------------------------------------------------------------------------------------

template <class Chain>
void add(const char* name, const char* against, Chain run) {
    bench::rows.push_back({name, against});
    const auto loop = [run](benchmark::State& state) {
        number x = 1;
        for (auto _ : state) {
            x = run(x);
        }
        benchmark::DoNotOptimize(x);
    };
    benchmark::RegisterBenchmark(name, loop)->Repetitions(15)->MinTime(0.02);
}

template <class Step>
auto chain_of(Step step) {
    return [step](number x) { return chain(x, step); };
}

void add_all(bool has_popcnt) {
    const char* const call = "direct call";
    add(call, call, chain_of(direct));
    add("through a pointer, well predicted", call, chain_of(through_pointer));
    add("dispatch before apply(): trampoline", call, chain_of(before_apply));
    add("dispatch after apply()", call, chain_of(after_apply));
#ifdef BENCH_HAS_RETPOLINE
    add("through a pointer, by a retpoline", call, &retpolines);
#endif
    if (has_popcnt) {
        const char* const instruction = "popcnt, compiled for this CPU";
        add(instruction, instruction, &popcount_by_hand);
        add("alternative that became popcnt", instruction, chain_of(popcount_patched));
        add("alternative that stayed a call", instruction, chain_of(popcount_called));
    }
    const char* const question = "if (flag in memory), always true";
    add(question, question, chain_of(asks_memory));
    add("if (alternative)", question, chain_of(asks_text));
    add("if (flag in memory), at random", question, chain_of(asks_at_random));
}

} // namespace

int main(int count, char** arguments) {
    std::printf("14. Costs and savings: a first look\n"
                "===================================\n"
                "Steps of a dependent chain; medians of 15 interleaved repetitions, as ratios\n"
                "to the first row of each group. Times are wall clock; performance counters are not used.\n\n");
    const bool has_popcnt = inlay::x86::holds(cpu.popcnt.probe(), inlay::x86::this_cpu{});
    if (const auto emulator = bench::emulator(); !emulator.empty()) {
        std::printf("This CPU is emulated by %s: this says nothing about a real CPU.\n\n", emulator.c_str());
    }
    if (apply_all_but_one() < 1 || !holds("bench.flag", "\xb8\x01", 2) ||
        (has_popcnt && !holds("bench.popcount", "\xf3\x48\x0f\xb8\xc7", 5))) {
        std::printf("A site is not patched, so there is nothing to measure.\n");
        return 1;
    }
    std::mt19937 random{1};
    std::generate(flags.begin(), flags.end(), [&] { return random() % 2 != 0; });
    add_all(has_popcnt);

    if (!bench::run(count, arguments, steps)) {
        return 1;
    }
    std::printf(
        "\nRead it so: a pointer that is always right costs what a direct call costs, and so does a patched call.\n"
        "A flag that never changes costs no more than no flag. Patching pays where the call disappears, where\n"
        "pointers go through retpolines, and where a branch is mispredicted; the last row shows what that costs, not\n"
        "what an alternative would save there: what changes all the time cannot be patched in. Sites that are left\n"
        "to their trampoline or thunk lose.\n"
        "\nThat was the tour. Read on in docs/, or change one of these programs: they are in examples/tour/.\n");
    return 0;
}
