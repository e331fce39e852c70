// SPDX-License-Identifier: BSL-1.0
//
// The cost of changing a key or a static call, by the number of its sites and pages. The costs of the mechanisms that a
// change could use. Also the effect on a thread that executes the site meanwhile.
//
//     build/gcc/bench/updates --benchmark_out=FILE --benchmark_out_format=json
//
// How it works. Each row is one change, there and back in turn, so that each change writes. It is measured twice:
// alone, and while a thread calls the changing function over and over, and times each call by the time-stamp counter.
// The library's changes are inlay::set(), update() and transactions, by the mechanism that the library chooses on this machine.
// bench/ways.hpp implements all mechanisms, on separate text. The program always has 4,096 sites of another key: they
// must not count.
//
// Before it times, the benchmark tries each change: its sites must have the new value. It counts the process's mappings
// before and after.
#include "clock.hpp"
#include "keeper.hpp"
#include "machine.hpp"
#include "progress.hpp"
#include "ratios.hpp"
#include "ways.hpp"

#include <inlay/inlay.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sched.h>

namespace {

namespace ways = bench::ways;

// ---- Sites ---------------------------------------------------------------------------------------------

inline constexpr inlay::static_key<"updates.one", false> one;
inline constexpr inlay::static_key<"updates.pages", false> on_pages;
inline constexpr inlay::static_key<"updates.many", false> many;
inline constexpr inlay::static_key<"updates.no_site", false> no_site;

long return_one() { return 1; }
long return_two() { return 2; }
inline constexpr inlay::static_call<"updates.call", &return_one> call;
long (*volatile pointer)() = &return_one;

// Each function that runs while a name changes returns 1 or 2.
[[gnu::noinline]] long ask_one() { return one ? 2 : 1; }
[[gnu::noinline]] long call_it() { return call(); }
[[gnu::noinline]] long call_pointer() { return pointer(); }
template <int Page>
[[gnu::noinline, gnu::aligned(4096)]] long ask_on_page() {
    benchmark::DoNotOptimize(Page); // or all these functions are one
    return on_pages ? 2 : 1;
}
constexpr auto asks_on_pages = []<int... Page>(std::integer_sequence<int, Page...> /*of*/) {
    return std::array<long (*)(), sizeof...(Page)>{&ask_on_page<Page>...};
}(std::make_integer_sequence<int, ways::pages>{});

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

/// Keys of transactions: numbered names.
template <int Number>
consteval auto numbered() {
    char text[] = "updates.numbered.00"; // NOLINT(*-avoid-c-arrays): a name takes an array
    text[sizeof(text) - 3] = static_cast<char>('0' + Number / 10);
    text[sizeof(text) - 2] = static_cast<char>('0' + Number % 10);
    return inlay::name{text};
}
template <int Number>
inline constexpr inlay::static_key<numbered<Number>(), false> key{};

// 16 keys, with one site each on one page.
constexpr int small_keys = 16;
template <int... Keys>
[[gnu::always_inline]] inline long ask_keys(long x, std::integer_sequence<int, Keys...> /*of*/) {
    ((x += key<Keys> ? Keys + 1 : 0), ...);
    return x;
}
[[gnu::noinline, gnu::aligned(4096)]] long ask_small(long x) {
    if (x < 0) {
        return key<0> ? 2 : 1;
    }
    return ask_keys(x, std::make_integer_sequence<int, small_keys>{});
}

// A key of 4,096 sites on 60 pages, and ten more keys on the same pages, with 60 sites each.
inline constexpr inlay::static_key<"updates.wide", false> wide;
constexpr int wide_pages = 60;
constexpr int more_keys = 10;
template <std::size_t... Sites>
[[gnu::always_inline]] inline long ask_wide_often(long x, std::index_sequence<Sites...> /*of*/) {
    ((x += wide ? static_cast<long>(Sites) : 0), ...);
    return x;
}
template <int... Keys>
[[gnu::always_inline]] inline long ask_more(long x, std::integer_sequence<int, Keys...> /*of*/) {
    ((x += key<small_keys + Keys> ? Keys + 1 : 0), ...);
    return x;
}
template <int Page>
[[gnu::noinline, gnu::aligned(4096)]] long ask_wide(long x) {
    if (x < 0) {
        return wide ? 2 : 1;
    }
    constexpr std::size_t sites = 4096 / wide_pages + (Page < 4096 % wide_pages ? 1 : 0);
    return ask_more(ask_wide_often(x + Page, std::make_index_sequence<sites - 1>{}),
                    std::make_integer_sequence<int, more_keys>{});
}
constexpr auto asks_wide = []<int... Page>(std::integer_sequence<int, Page...> /*of*/) {
    return std::array<long (*)(long), sizeof...(Page)>{&ask_wide<Page>...};
}(std::make_integer_sequence<int, wide_pages>{});

/// Transactions of this many keys from this number on, and of `wide` first if `with_wide`: there, and back.
class there_and_back {
public:
    template <int First, int... Keys>
    there_and_back(bool with_wide, std::integral_constant<int, First> /*from*/,
                   std::integer_sequence<int, Keys...> /*of*/) {
        for (const bool value : {false, true}) {
            if (with_wide) {
                changes_[value].set(wide, value);
            }
            (changes_[value].set(key<First + Keys>, value), ...);
        }
    }
    bool operator()(int value) { return bool{changes_[value == 2].commit()}; }

private:
    std::array<inlay::transaction<>, 2> changes_;
};
template <int First, int Count>
std::function<bool(int)> transaction_of(bool with_wide) {
    auto both = std::make_shared<there_and_back>(with_wide, std::integral_constant<int, First>{},
                                                 std::make_integer_sequence<int, Count>{});
    return [both](int value) { return (*both)(value); };
}
template <int... Keys>
bool set_one_by_one(bool value, std::integer_sequence<int, Keys...> /*of*/) {
    return (bool{inlay::set(key<small_keys + Keys>, value)} && ... && bool{inlay::set(wide, value)});
}

// ---- A thread that reads -------------------------------------------------------------------------------

double ns_a_tick = 0;
std::uint64_t overhead = 0; // ticks, of measuring nothing

void calibrate() {
    using clock = std::chrono::steady_clock;
    overhead = bench::clock{}.overhead();
    const auto start = clock::now();
    const auto first = bench::ticks();
    while (clock::now() - start < std::chrono::milliseconds{50}) {
    }
    const auto last = bench::ticks();
    const std::chrono::duration<double, std::nano> passed = clock::now() - start;
    ns_a_tick = passed.count() / static_cast<double>(last - first);
}

/// Keeps this thread on the first or last processor that it may use: two threads on one processor would measure the
/// scheduler.
class pinned {
public:
    explicit pinned(bool last) {
        ::sched_getaffinity(0, sizeof(before_), &before_);
        int chosen = -1;
        for (int i = 0; i < CPU_SETSIZE; ++i) {
            if (CPU_ISSET(static_cast<unsigned>(i), &before_) && (last || chosen < 0)) {
                chosen = i;
            }
        }
        cpu_set_t only;
        CPU_ZERO(&only);
        CPU_SET(static_cast<unsigned>(chosen), &only);
        ::sched_setaffinity(0, sizeof(only), &only);
    }
    pinned(const pinned&) = delete;
    pinned(pinned&&) = delete;
    pinned& operator=(const pinned&) = delete;
    pinned& operator=(pinned&&) = delete;
    ~pinned() { ::sched_setaffinity(0, sizeof(before_), &before_); }

private:
    cpu_set_t before_{};
};

/// Counts the changes, for the reader.
std::atomic<unsigned long> changes{};

/// Calls functions in turn as long as it lives; keeps how long each call took, and the slowest during each change.
class reader {
public:
    explicit reader(const std::vector<std::function<long()>>& functions) {
        calls_.reserve(most);
        slowest_.reserve(most);
        thread_ = std::thread{[this, &functions] {
            const pinned here{true};
            unsigned long change = changes;
            std::uint64_t slowest = 0;
            for (std::size_t i = 0; !stop_.load(std::memory_order_relaxed); ++i) {
                const auto& function = functions[i % functions.size()];
                const auto before = bench::ticks();
                const long answer = function();
                const auto after = bench::ticks();
                if (calls_.size() < most) {
                    calls_.push_back(after - before);
                }
                slowest = std::max(slowest, after - before);
                if (const unsigned long now = changes.load(std::memory_order_relaxed); now != change) {
                    if (slowest_.size() < most) {
                        slowest_.push_back(slowest);
                    }
                    change = now;
                    slowest = 0;
                }
                wrong_ += answer == 1 || answer == 2 ? 0 : 1;
                running_.store(true, std::memory_order_relaxed);
            }
        }};
        while (!running_) {
        }
    }
    reader(const reader&) = delete;
    reader(reader&&) = delete;
    reader& operator=(const reader&) = delete;
    reader& operator=(reader&&) = delete;
    ~reader() { stop(); }

    void stop() {
        stop_ = true;
        if (thread_.joinable()) {
            thread_.join();
            std::sort(calls_.begin(), calls_.end());
            std::sort(slowest_.begin(), slowest_.end());
        }
    }

    [[nodiscard]] bool right() const { return wrong_ == 0; }

    // After stop(), in nanoseconds: the time that this part of the calls does not exceed.
    [[nodiscard]] double call(double part) const { return ns(calls_, part); }
    [[nodiscard]] double slowest(double part) const { return ns(slowest_, part); }

private:
    static constexpr std::size_t most = 1U << 22;

    static double ns(const std::vector<std::uint64_t>& sorted, double part) {
        if (sorted.empty()) {
            return 0;
        }
        const std::uint64_t ticks = sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
        return static_cast<double>(ticks > overhead ? ticks - overhead : 0) * ns_a_tick;
    }

    std::vector<std::uint64_t> calls_;
    std::vector<std::uint64_t> slowest_;
    unsigned long wrong_{};
    std::atomic<bool> stop_{};
    std::atomic<bool> running_{};
    std::thread thread_;
};

// ---- The rows ------------------------------------------------------------------------------------------

struct row {
    std::string name; ///< and pages, as "set/64"
    const char* text;
    std::function<bool(int)> change; ///< to 1 or 2
    std::vector<std::function<long()>> read;
    int mappings_before{}, mappings_after{};
};
std::vector<row> rows;

/// The mappings of the process. Read in one go, so that reading makes none.
int mappings() {
    static std::vector<char> all(1U << 20);
    const int file = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    long lines = 0;
    for (ssize_t got = 1; got > 0;) {
        got = ::read(file, all.data(), all.size());
        lines += std::count(all.begin(), all.begin() + std::max<ssize_t>(got, 0), '\n');
    }
    ::close(file);
    return static_cast<int>(lines);
}

/// Makes the row's change for the first time. `before`: mappings, where something was prepared for it.
bool add(row what, int before) {
    const auto has = [&](long value) {
        return std::all_of(what.read.begin(), what.read.end(), [&](const auto& each) { return each() == value; });
    };
    what.mappings_before = before;
    bool good = what.change(2) && has(2);
    what.mappings_after = mappings();
    good = good && what.change(1) && has(1) && what.change(2) && what.change(1) && has(1);
    if (!good) {
        std::printf("%s: a change has no effect, or is refused\n", what.name.c_str());
        return false;
    }
    rows.push_back(std::move(what));
    return true;
}

template <class Way>
bool add_way(const char* name, const char* text_for_1, const char* text_for_64) {
    static Way way;
    const int before = mappings();
    if (!way.mapped() || !way.prepare()) {
        std::printf("%s: not possible here\n", name);
        return true;
    }
    for (const unsigned pages : {1U, ways::pages}) {
        row what{std::string{name} + '/' + std::to_string(pages),
                 pages == 1 ? text_for_1 : text_for_64,
                 [pages](int value) { return way.change(pages, value); },
                 {}};
        for (unsigned i = 0; i < pages; ++i) {
            what.read.emplace_back([i] { return way.call(i); });
        }
        if (!add(std::move(what), before)) {
            return false;
        }
    }
    return true;
}

/// The mechanisms of changes, each on separate text.
bool add_ways() {
    const std::vector<std::function<long()>> any{&return_one};
    const auto wait = [](int) { // so that both threads do the work of the other rows
        const auto start = bench::ticks();
        while (static_cast<double>(bench::ticks() - start) * ns_a_tick < 10'000) {
        }
        return true;
    };
    rows.push_back({"nothing/0", "no change, 10 us of waiting", wait, any});
    rows.push_back({"barrier/0", "one membarrier(SYNC_CORE)", [](int) { return ways::barrier(); }, any});
    const auto store = [](int value) {
        pointer = value == 2 ? &return_two : &return_one;
        return true;
    };
    return add({"store/0", "a store to a pointer", store, {&call_pointer}}, mappings()) &&
           add_way<ways::spare_page>("spare", "a spare page", "64 spare pages") &&
           add_way<ways::anonymous_page>("anonymous", "an anonymous page", "64 anonymous pages") &&
           add_way<ways::breakpoint>("breakpoint", "3 writes, 3 barriers", "64 times 3 writes, 3 barriers");
}

/// The library's own. `before`: mappings before apply().
bool add_library(int before) {
    const std::vector<std::function<long()>> pages{asks_on_pages.begin(), asks_on_pages.end()};
    return add({"set/0",
                "set(): a key without sites",
                [](int value) { return bool{inlay::set(no_site, value == 2)}; },
                {}},
               before) &&
           add({"set/1",
                "set(): a key of one site",
                [](int value) { return bool{inlay::set(one, value == 2)}; },
                {&ask_one}},
               before) &&
           add({"update/1",
                "update(): a call of one site",
                [](int value) { return bool{inlay::update(call, value == 2 ? &return_two : &return_one)}; },
                {&call_it}},
               before) &&
           add({"set/64", "set(): a key of 64 sites on 64 pages",
                [](int value) { return bool{inlay::set(on_pages, value == 2)}; }, pages},
               before) &&
           add({"set/many",
                "set(): a key of 4,096 sites",
                [](int value) { return bool{inlay::set(many, value == 2)}; },
                {}},
               before);
}

/// Transactions, by size.
bool add_transactions(int before) {
    const std::vector<std::function<long()>> small{[] { return ask_small(-1); }};
    std::vector<std::function<long()>> pages;
    for (const auto each : asks_wide) {
        pages.emplace_back([each] { return each(-1); });
    }
    const auto set_all = [](int value) {
        return set_one_by_one(value == 2, std::make_integer_sequence<int, more_keys>{});
    };
    return add({"commit/1", "transaction: 1 key of one site", transaction_of<0, 1>(false), small}, before) &&
           add({"commit/4", "transaction: 4 such keys on one page", transaction_of<0, 4>(false), small}, before) &&
           add({"commit/16", "transaction: 16 such keys on one page", transaction_of<0, small_keys>(false), small},
               before) &&
           add({"wide/set", "set(): a key of 4,096 sites on 60 pages",
                [](int value) { return bool{inlay::set(wide, value == 2)}; }, pages},
               before) &&
           add({"wide/commit", "transaction: this key alone", transaction_of<0, 0>(true), pages}, before) &&
           add({"wide/more", "transaction: and 10 keys on these pages", transaction_of<small_keys, more_keys>(true),
                pages},
               before) &&
           add({"wide/sets", "11 times set(): the same keys", set_all, pages}, before);
}

void measure(benchmark::State& state, const row& what, bool read) {
    bench::progress::step();
    int i = 0;
    bool good = what.change(1); // other rows have the same keys
    if (read) {
        reader meanwhile{what.read};
        const pinned here{false};
        for (auto _ : state) {
            good = what.change(1 + ++i % 2) && good;
            changes.fetch_add(1, std::memory_order_relaxed);
        }
        meanwhile.stop();
        good = good && meanwhile.right();
        state.counters["read_median"] = meanwhile.call(0.5);
        state.counters["read_p99"] = meanwhile.call(0.99);
        state.counters["read_p99.9"] = meanwhile.call(0.999);
        state.counters["slowest_median"] = meanwhile.slowest(0.5);
        state.counters["slowest_p99"] = meanwhile.slowest(0.99);
    } else {
        for (auto _ : state) {
            good = what.change(1 + ++i % 2) && good;
        }
    }
    state.counters["mappings_before"] = what.mappings_before;
    state.counters["mappings_after"] = what.mappings_after;
    if (!good) {
        state.SkipWithError("a change is refused, or a call returned neither the old nor the new value");
    }
}

/// Keeps times and counters, and prints nothing by itself.
class keeper : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context& /*context*/) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const auto& run : runs) {
            if (const std::string* const error = bench::error_of(run); error != nullptr) {
                std::fprintf(stderr, "%s: %s\n", run.run_name.function_name.c_str(), error->c_str());
                failed_ = true;
            } else if (run.run_type == Run::RT_Iteration) {
                auto& kept = kept_[run.run_name.function_name];
                kept["time"].push_back(run.GetAdjustedRealTime());
                for (const auto& [counter, value] : run.counters) {
                    kept[counter].push_back(value.value);
                }
            }
        }
    }
    /// 0 if it was not measured.
    [[nodiscard]] double median(const std::string& name, const std::string& what) {
        auto& all = kept_[name][what];
        std::sort(all.begin(), all.end());
        return all.empty() ? 0 : all[all.size() / 2];
    }
    [[nodiscard]] bool failed() const { return failed_; }

private:
    std::map<std::string, std::map<std::string, std::vector<double>>> kept_;
    bool failed_{};
};

void print(keeper& kept) {
    const double alone = kept.median("barrier/0", "time");
    const double beside = kept.median("barrier/0/read", "time");
    std::printf(
        "The cost of a change: medians of 15 interleaved repetitions, wall clock, and ratios to one membarrier.\n"
        "Alone, and beside a thread that calls what changes. Of its calls, in ns: median, p99 and p99.9 of all,\n"
        "then median and p99 of the slowest during each change. Mappings: of the process, before and after.\n\n"
        "    %-38s %9s %8s  %9s %8s  %6s %6s %7s  %8s %9s  %s\n",
        "", "alone, us", "ratio", "beside", "ratio", "median", "p99", "p99.9", "slowest", "p99", "mappings");
    for (const auto& each : rows) {
        const auto name = each.name + "/read";
        const double time = kept.median(each.name, "time");
        if (time > 0 && alone > 0) { // not left out by --benchmark_filter
            std::printf("    %-38s %9.3f %8.3f", each.text, time / 1000, time / alone);
            if (const double time_beside = kept.median(name, "time"); time_beside > 0 && beside > 0) {
                std::printf("  %9.3f %8.3f  %6.0f %6.0f %7.0f  %8.0f %9.0f", time_beside / 1000, time_beside / beside,
                            kept.median(name, "read_median"), kept.median(name, "read_p99"),
                            kept.median(name, "read_p99.9"), kept.median(name, "slowest_median"),
                            kept.median(name, "slowest_p99"));
            } else {
                std::printf("  %9s %8s  %6s %6s %7s  %8s %9s", "", "", "", "", "", "", "");
            }
            if (each.mappings_after != 0) {
                std::printf("  %d, %d", each.mappings_before, each.mappings_after);
            }
            std::printf("\n");
        }
    }
    std::printf("\nThreads ran into a breakpoint %lu times.\n", ways::breakpoint::traps());
}

} // namespace

int main(int count, char** arguments) {
    if (const auto emulator = bench::emulator(); !emulator.empty()) {
        std::printf("This processor is emulated by %s: times mean nothing here, and are not measured.\n",
                    emulator.c_str());
        return 1;
    }
    bench::add_context();
    calibrate();
    long x = ask_everywhere(count, std::make_integer_sequence<int, 64>{}) + ask_small(count);
    for (const auto each : asks_wide) {
        x = each(x < 0 ? 0 : x);
    }
    benchmark::DoNotOptimize(x);
    if (!ways::register_barrier() || !add_ways()) {
        return 1;
    }
    const int before = mappings();
    const auto done = inlay::apply();
    if (!done || done.keys_direct < 2 * 4096 || done.calls_missed() != 0) {
        std::printf("A site is not patched, so there is nothing to measure: %s; %u keys, %u direct, %u calls missed\n",
                    inlay::message(done.error()), done.keys, done.keys_direct, done.calls_missed());
        return 1;
    }
    if (!add_library(before) || !add_transactions(before)) {
        return 1;
    }
    for (std::size_t i = 0; i < rows.size(); ++i) { // figures.py has names and order from there
        const std::string number = (i < 10 ? "0" : "") + std::to_string(i);
        benchmark::AddCustomContext("row " + number + ' ' + rows[i].name, rows[i].text);
    }
    for (const auto& each : rows) {
        for (const bool read : {false, true}) {
            if (!read || !each.read.empty()) {
                constexpr int repetitions = 15;
                bench::progress::expect(repetitions);
                benchmark::RegisterBenchmark((each.name + (read ? "/read" : "")).c_str(),
                                             [&each, read](benchmark::State& state) { measure(state, each, read); })
                    ->UseRealTime()
                    ->Repetitions(repetitions)
                    ->MinTime(0.02);
            }
        }
    }
    keeper kept;
    if (!bench::measure(count, arguments, kept) || kept.failed()) {
        return 1;
    }
    print(kept);
    return 0;
}
