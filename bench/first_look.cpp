// SPDX-License-Identifier: BSL-1.0
//
// 9. A first look at the cost of calls, on this machine.
//
// What. The same call made in several ways, and the same instruction with and without a choice in front of it;
// each as a ratio to the plain one of the same run.
//
// How it works underneath. Google Benchmark runs the repetitions of all variants in random order, so that a
// machine that slows down slows all of them; medians are compared. Before any number is printed, the bytes of the
// sites are looked at: what claims to be patched is.
#include <inlay/inlay.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace {

using namespace inlay::x86::insn;
using inlay::when;

inline constexpr inlay::feature<"bench.on", inlay::by_hand{}> on;

[[gnu::noinline]] std::uint64_t slow(std::uint64_t x) {
    asm volatile("" : "+r"(x)); // NOLINT(hicpp-no-assembler): keeps the function what it is
    return x + 2;
}
[[gnu::noinline]] std::uint64_t fast(std::uint64_t x) {
    asm volatile("" : "+r"(x)); // NOLINT(hicpp-no-assembler)
    return x + 1;
}

// Two of one kind: one is left unpatched, by a feature that is never on.
inline constexpr inlay::feature<"bench.off", inlay::by_hand{}> off;
inline constexpr inlay::dispatch<"bench.dispatch", &slow, when<on, &fast>> dispatched;
inline constexpr auto inlined = inlay::alternative<call<&slow>(), when<on, lea(rax, ptr(rdi, 1))>>{}
                                    .named<"bench.inlined">()
                                    .takes<rdi>()
                                    .returns<rax, std::uint64_t>();
inline constexpr auto thunked =
    inlay::alternative<call<&fast>(), when<off, lea(rax, ptr(rdi, 1))>>{}.takes<rdi>().returns<rax, std::uint64_t>();

std::uint64_t (*volatile pointer)(std::uint64_t) = &fast;
constexpr unsigned calls = 256; // per iteration, so that the loop around them does not count

template <class Step>
void chain(benchmark::State& state, Step step) {
    std::uint64_t x = 1;
    for (auto _ : state) {
        for (unsigned i = 0; i < calls; ++i) {
            x = step(x);
        }
    }
    benchmark::DoNotOptimize(x);
}

void direct_call(benchmark::State& state) {
    chain(state, [](std::uint64_t x) { return fast(x); });
}
void pointer_call(benchmark::State& state) {
    auto* const target = pointer;
    chain(state, [target](std::uint64_t x) { return target(x); });
}
void dispatch_patched(benchmark::State& state) {
    chain(state, [](std::uint64_t x) { return dispatched(x); });
}
void dispatch_trampoline(benchmark::State& state) {
    // The trampoline itself, which every call takes until it is patched.
    auto* const trampoline = reinterpret_cast<std::uint64_t (*)(std::uint64_t)>(decltype(dispatched)::trampoline);
    chain(state, [trampoline](std::uint64_t x) { return trampoline(x); });
}
void thunk_call(benchmark::State& state) {
    chain(state, [](std::uint64_t x) { return thunked(x); });
}
void instruction(benchmark::State& state) {
    chain(state, [](std::uint64_t x) {
        asm volatile("lea 1(%%rdi), %%rax" : "=a"(x) : "D"(x)); // NOLINT(hicpp-no-assembler): by hand, to compare with
        return x;
    });
}
void alternative_patched(benchmark::State& state) {
    chain(state, [](std::uint64_t x) { return inlined(x); });
}

/// Whether what is to be measured is there: the choice is made and every call is direct.
bool is_patched(const inlay::outcome& done) {
    if (!done) {
        std::printf("apply() failed: %s\n", inlay::message(done.error()));
        return false;
    }
    if (done.calls_kept() != 0) {
        std::printf("%u of %u calls go through their trampoline still; no figures then\n", done.calls_kept(),
                    done.calls);
        return false;
    }
    const auto table = inlay::this_image().alternatives;
    const inlay::platform::process self;
    for (std::size_t i = 0; i < table.size(); ++i) {
        const auto& record = table.records[i];
        const auto& choice = *reinterpret_cast<const inlay::table::choice*>(record.choices.target());
        if (std::string{"bench.inlined"} == inlay::name_at(self, choice.name) &&
            *reinterpret_cast<const std::uint8_t*>(record.site.target()) != 0x48) { // REX.W of lea
            std::printf("an alternative is not patched; no figures then\n");
            return false;
        }
    }
    return true;
}

/// Keeps the medians and prints nothing by itself.
class keeper : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context& /*context*/) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const auto& run : runs) {
            if (run.run_type == Run::RT_Iteration) {
                times[run.run_name.function_name].push_back(run.GetAdjustedRealTime() / calls);
            }
        }
    }
    std::map<std::string, std::vector<double>> times;
};

double median(std::vector<double> all) {
    std::sort(all.begin(), all.end());
    return all[all.size() / 2];
}

} // namespace

int main(int count, char** arguments) {
    std::printf("9. What it costs and what it saves: a first look\n"
                "================================================\n"
                "One call in a chain where each result is the next argument; ratios of medians, in one run.\n\n");
    inlay::set(on, true);
    if (!is_patched(inlay::apply())) {
        return 1;
    }
    std::ifstream cpuinfo{"/proc/cpuinfo"};
    for (std::string line; std::getline(cpuinfo, line);) {
        if (line.find("QEMU Virtual CPU") != std::string::npos || line.find("TCG") != std::string::npos) {
            std::printf("This CPU is emulated: the figures below say nothing about a real one.\n\n");
            break;
        }
    }

    struct row {
        const char* name;
        void (*run)(benchmark::State&);
        const char* against;
        const char* label;
    };
    const row rows[] = {
        {"direct", &direct_call, "direct", "call f                          plain"},
        {"pointer", &pointer_call, "direct", "call *pointer                   hot and well predicted"},
        {"trampoline", &dispatch_trampoline, "direct", "dispatch, through its trampoline (not patched)"},
        {"dispatch", &dispatch_patched, "direct", "dispatch, patched"},
        {"instruction", &instruction, "instruction", "lea                             by hand"},
        {"alternative", &alternative_patched, "instruction", "alternative that became lea"},
        {"thunk", &thunk_call, "direct", "alternative that stayed a call  through its thunk"},
    };
    for (const auto& each : rows) {
        benchmark::RegisterBenchmark(each.name, each.run)->Repetitions(21)->MinTime(0.01);
    }
    // Interleaved, unless the reader says otherwise.
    std::string interleave = "--benchmark_enable_random_interleaving=true";
    std::vector<char*> flags{arguments[0], interleave.data()};
    flags.insert(flags.end(), arguments + 1, arguments + count);
    int flag_count = static_cast<int>(flags.size());
    benchmark::Initialize(&flag_count, flags.data());
    keeper kept;
    benchmark::RunSpecifiedBenchmarks(&kept);

    for (const auto& each : rows) {
        if (!kept.times.contains(each.name) || !kept.times.contains(each.against)) {
            continue;
        }
        std::printf("    %-50s  %5.2f ns  %5.2f x %s\n", each.label, median(kept.times[each.name]),
                    median(kept.times[each.name]) / median(kept.times[each.against]), each.against);
    }
    std::printf(
        "\nRead it so: a pointer that is always right costs what a direct call costs, and a patched call costs\n"
        "no less. What patching saves is the trampoline, the misprediction, the retpoline, and, where an\n"
        "instruction takes the call's place, the call itself. The thunk is the price of saving registers for a\n"
        "function in C++. Hardware counters are not used; times are wall clock, so only ratios mean anything.\n");
}
