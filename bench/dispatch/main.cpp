// SPDX-License-Identifier: BSL-1.0
//
// dispatch: the costs of a call, of an instruction in place of a call, and of a branch, in cycles and as ratios.
//
//     dispatch [--instructions | --check] [options of Google Benchmark]
//
// --instructions shows the instructions that one site of each form executes. --check only compares them with the form's
// name. Both measure nothing. Each benchmark is FORM/CHAIN/SITES/STATE:
//
//     warm         the same sites ran just before
//     branch-cold  16,384 other jumps ran in between: the code comes from the second-level cache, its branches are not
//                  remembered
//     cache-cold   the cache lines of the code, of its targets and of what it reads were flushed
//
// How it works. form.hpp describes the measured code. Repetitions of all benchmarks are in random order, so that a
// machine that slows down slows all. Each repetition has its own factor from ticks to cycles (clock.hpp). Results are
// medians, never means.
#include "../clock.hpp"
#include "../keeper.hpp"
#include "../machine.hpp"
#include "../progress.hpp"
#include "../ratios.hpp"
#include "form.hpp"
#include "listing.hpp"

#include <inlay/inlay.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <sched.h>

extern "C" {
void bench_disturb_branches();
// NOLINTBEGIN(bugprone-reserved-identifier,*-avoid-c-arrays): the linker's names
extern bench::copy __start_bench_copies[];
extern bench::copy __stop_bench_copies[];
// NOLINTEND(bugprone-reserved-identifier,*-avoid-c-arrays)
}

namespace bench {

namespace {

enum class state : std::uint8_t { warm, branch_cold, cache_cold };
constexpr std::array<const char*, 2> chain_names{"dependent", "independent"};
constexpr std::array<const char*, 3> state_names{"warm", "branch-cold", "cache-cold"};

// ---- The forms ---------------------------------------------------------------------------------------------

/// All forms, in the order of the link, each with the blocks of all its copies.
std::vector<form> collect() {
    std::vector<form> forms;
    for (const copy* each = __start_bench_copies; each != __stop_bench_copies; ++each) {
        form described = each->describe();
        auto known = std::find_if(forms.begin(), forms.end(), [&](const form& a) { return a.name == described.name; });
        if (known == forms.end()) {
            for (std::size_t i = 0; i < chain_names.size(); ++i) {
                described.chains[i].one_site = each->one_site[i];
            }
            known = forms.insert(forms.end(), std::move(described));
        }
        for (std::size_t i = 0; i < chain_names.size(); ++i) {
            known->chains[i].blocks.push_back(each->blocks[i]);
        }
    }
    for (auto& each : forms) {
        for (auto& chain : each.chains) { // side by side in memory, as the linker put them
            std::sort(chain.blocks.begin(), chain.blocks.end());
        }
    }
    return forms;
}

/// Where the sites are that apply() is to leave alone.
class exceptions {
public:
    explicit exceptions(const std::vector<form>& forms) {
        for (const auto& each : forms) {
            for (const auto& chain : each.chains) {
                if (each.left_alone) {
                    for (const auto block : chain.blocks) {
                        ranges_.push_back(extent_of(block));
                    }
                    ranges_.push_back(extent_of(chain.one_site));
                }
            }
        }
    }
    [[nodiscard]] bool has(inlay::address site) const {
        return std::any_of(ranges_.begin(), ranges_.end(),
                           [site](const extent& each) { return site >= each.begin && site < each.end; });
    }

private:
    std::vector<extent> ranges_;
};

/// Calls `apply(part)` for each stretch of a table without exceptions.
template <class Record, class Apply>
bool in_parts(const inlay::table::section<Record>& all, const exceptions& but, const Apply& apply) {
    for (std::size_t i = 0, begin = 0; i <= all.size(); ++i) {
        if (i == all.size() || but.has(all.records[i].site.target())) {
            if (i != begin &&
                !apply(inlay::table::section<Record>{all.records + begin, (i - begin) * sizeof(Record)})) {
                return false;
            }
            begin = i + 1;
        }
    }
    return true;
}

/// Applies all sites except the exceptions. Tables are data.
bool patch(const std::vector<form>& forms) {
    const exceptions but{forms};
    const auto all = inlay::this_image();
    inlay::platform::process self;
    const auto worked = [](const inlay::outcome& done) {
        if (!done || done.calls_kept() != 0 || done.keys != done.keys_direct) {
            std::printf("not patched: %s; %u of %u calls, %u of %u keys are direct\n", inlay::message(done.error()),
                        done.calls_direct, done.calls, done.keys_direct, done.keys);
            return false;
        }
        return true;
    };
    return worked(inlay::apply({.keys = all.keys, .names = all.names, .registry = all.registry}, self)) &&
           in_parts(all.calls, but,
                    [&](const auto& part) {
                        return worked(
                            inlay::apply({.calls = part, .names = all.names, .registry = all.registry}, self));
                    }) &&
           in_parts(all.alternatives, but,
                    [&](const auto& part) { return worked(inlay::apply({.alternatives = part}, self)); });
}

// ---- One repetition ----------------------------------------------------------------------------------------

/// One form, in one kind of chain, over so many sites.
struct way_to_run {
    const form* what;
    chain kind;
    std::size_t sites;

    [[nodiscard]] const chain_code& code() const { return what->chains[static_cast<std::size_t>(kind)]; }

    [[gnu::always_inline]] number run(number x, std::size_t rounds) const {
        const auto& all = code();
        if (sites == 1) {
            cursor = (cursor + most_sites) % (random_count - 2 * most_sites); // its rounds go on from there
            return all.one_site(x, rounds);
        }
        for (; rounds != 0; --rounds) {
            cursor = (cursor + sites) % (random_count - 2 * most_sites); // else the flags of a round would be learnt
            for (std::size_t i = 0; i < sites / sites_of_a_block; ++i) {
                x = all.blocks[i](x, i * sites_of_a_block);
            }
        }
        return x;
    }
};

void run_warm(benchmark::State& run, const way_to_run& way, clock& clock) {
    progress::step();
    const std::size_t rounds = most_sites / way.sites;
    number x = way.run(1, rounds);
    clock.start();
    const auto before = ticks();
    for (auto _ : run) {
        x = way.run(x, rounds);
    }
    const auto passed = ticks() - before;
    const double factor = clock.stop();
    benchmark::DoNotOptimize(x);
    run.counters["width"] = clock.width();
    run.counters["cycles"] = static_cast<double>(passed) * factor / static_cast<double>(run.iterations()) / most_sites;
}

void flush(const std::vector<const void*>& lines) {
    for (const void* const each : lines) {
        _mm_clflush(each);
    }
    _mm_mfence();
}

void run_cold(benchmark::State& run, const way_to_run& way, state how, const std::vector<const void*>& lines,
              clock& clock) {
    progress::step();
    number x = way.run(1, 1);
    std::uint64_t passed = 0;
    clock.start();
    for (auto _ : run) {
        if (how == state::branch_cold) {
            bench_disturb_branches();
        } else {
            flush(lines);
        }
        const auto before = ticks();
        x = way.run(x, 1);
        const auto now = ticks() - before;
        passed += now > clock.overhead() ? now - clock.overhead() : 0;
    }
    const double factor = clock.stop();
    benchmark::DoNotOptimize(x);
    run.counters["width"] = clock.width();
    run.counters["cycles"] =
        static_cast<double>(passed) * factor / static_cast<double>(run.iterations()) / static_cast<double>(way.sites);
}

// ---- All of them -------------------------------------------------------------------------------------------

std::string name_of(const std::string& form, std::size_t chain, std::size_t sites, std::size_t state) {
    return form + "/" + chain_names[chain] + "/" + std::to_string(sites) + "/" + state_names[state];
}

void add(const form& form, chain kind, std::size_t sites, state how, clock& clock) {
    constexpr int repetitions = 101;
    progress::expect(repetitions);
    const way_to_run way{&form, kind, sites};
    const auto name = name_of(form.name, static_cast<std::size_t>(kind), sites, static_cast<std::size_t>(how));
    if (how == state::warm) {
        constexpr int passes = 16; // 65,536 sites
        benchmark::RegisterBenchmark(name.c_str(), [way, &clock](benchmark::State& run) { run_warm(run, way, clock); })
            ->Repetitions(repetitions)
            ->Iterations(passes);
        return;
    }
    auto lines = lines_of(way.code(), sites);
    lines.insert(lines.end(), form.data.begin(), form.data.end());
    const int passes = sites > sites_of_a_block ? 4 : 16;
    benchmark::RegisterBenchmark(
        name.c_str(), [way, how, lines, &clock](benchmark::State& run) { run_cold(run, way, how, lines, clock); })
        ->Repetitions(repetitions)
        ->Iterations(passes);
}

void add_all(const std::vector<form>& forms, clock& clock) {
    for (const auto& each : forms) {
        for (const chain kind : {chain::dependent, chain::independent}) {
            for (const std::size_t sites : site_counts) {
                for (const state how : {state::warm, state::branch_cold, state::cache_cold}) {
                    if (sites <= each.chains[0].blocks.size() * sites_of_a_block) {
                        add(each, kind, sites, how, clock);
                    }
                }
            }
        }
    }
}

/// A table a state and chain: a row a form, two columns a number of sites.
void print(const std::vector<form>& forms, keeper& kept) {
    for (std::size_t state = 0; state < state_names.size(); ++state) {
        for (std::size_t chain = 0; chain < chain_names.size(); ++chain) {
            std::printf("\n%s, %s: cycles a site, ratio\n%-32s", state_names[state], chain_names[chain], "  sites");
            for (const std::size_t sites : site_counts) {
                std::printf(" %16zu", sites);
            }
            std::string group;
            for (const auto& each : forms) {
                std::printf("%s\n%-32s", each.group == group || group.empty() ? "" : "\n", each.name.c_str());
                group = each.group;
                for (const std::size_t sites : site_counts) {
                    const double cycles = kept.median(name_of(each.name, chain, sites, state));
                    const double plain = kept.median(name_of(each.against, chain, sites, state));
                    cycles == 0 || plain == 0 ? std::printf(" %16s", "")
                                              : std::printf(" %9.2f %6.2f", cycles, cycles / plain);
                }
            }
            std::printf("\n");
        }
    }
}

/// One processor for all of it: caches and branch predictors are a processor's own.
void stay_on_this_processor() {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &one);
    ::sched_setaffinity(0, sizeof one, &one);
}

bool check_all(const std::vector<form>& forms) {
    bool right = true;
    const auto expect_nothing = [&right](const std::string& trouble) {
        std::printf("%s%s", trouble.c_str(), trouble.empty() ? "" : "\n");
        right = right && trouble.empty();
    };
    expect_nothing(check_rotations("the clock's chain", place(&clock::one_by_one), 64));
    expect_nothing(check_rotations("the clock's other chain", place(&clock::four_at_once), 0));
    const auto all_ends = ends();
    for (std::size_t i = 0; i < all_ends.size(); ++i) {
        expect_nothing(check_rotations("called function " + std::to_string(i), all_ends[i], 1));
    }
    for (const auto& each : forms) {
        expect_nothing(check(each));
        for (const auto& other : forms) {
            if (each.equals != nullptr && other.name == each.equals) {
                expect_nothing(difference(each, other));
            }
        }
    }
    return right;
}

void show_instructions(const std::vector<form>& forms) {
    for (const auto& each : forms) {
        std::printf("%s\n", each.name.c_str());
        for (const auto& line : site_of(each)) {
            std::printf("    %s\n", line.c_str());
        }
    }
}

} // namespace

} // namespace bench

int main(int count, char** arguments) {
    const std::string_view first = count > 1 ? arguments[1] : "";
    const bool measures = first != "--instructions" && first != "--check";
    if (const auto emulator = bench::emulator(); measures && !emulator.empty()) {
        std::printf("This processor is emulated by %s: cycles mean nothing here, and are not measured.\n",
                    emulator.c_str());
        return 1;
    }
    const auto forms = bench::collect();
    if (!inlay::set(bench::turned_on, true) || !bench::patch(forms)) {
        return 1;
    }
    if (first == "--instructions") {
        bench::show_instructions(forms);
        return 0;
    }
    if (!bench::check_all(forms)) {
        std::printf("The instructions of these forms do not match their names, so the benchmark measures nothing.\n");
        return 1;
    }
    if (first == "--check") {
        std::printf("The instructions of %zu forms match their names, in %zu blocks each\n", forms.size(),
                    forms.front().chains[0].blocks.size());
        return 0;
    }
    bench::stay_on_this_processor();
    bench::clock clock;
    bench::add_context();
    benchmark::AddCustomContext("cycles", clock.source());
    benchmark::AddCustomContext("steps", "rotations by a constant");
    for (std::size_t i = 0; i < forms.size(); ++i) { // numbered: the file has them in the order of their keys
        const auto& each = forms[i];
        benchmark::AddCustomContext("form " + std::to_string(100 + i) + " " + each.name,
                                    each.group + ", against " + each.against);
    }
    bench::add_all(forms, clock);
    bench::keeper kept{"cycles"};
    if (!bench::measure(count, arguments, kept) || kept.failed()) {
        return 2;
    }
    std::printf("%s\ncycles by %s\nThe core was free in %.0f %% of the repetitions; the others are left out.\n",
                bench::processor().c_str(), clock.source(), 100 * kept.choose());
    bench::print(forms, kept);
    return 0;
}
