// SPDX-License-Identifier: BSL-1.0
//
// ratios: medians of interleaved repetitions, as ratios to the first row of each group.
//
//     bench::rows.push_back({"direct call", "direct call"});       // registered with Google Benchmark under this name
//     return bench::run(count, arguments, 256);                    // steps an iteration
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace bench {

struct row {
    std::string name;
    std::string against; ///< the row that it is compared with
};
inline std::vector<row> rows;

/// Keeps the times, in nanoseconds a step, and prints nothing by itself.
class times : public benchmark::BenchmarkReporter {
public:
    explicit times(unsigned steps) : steps_{steps} {}

    bool ReportContext(const Context& /*context*/) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const auto& run : runs) {
            if (run.run_type == Run::RT_Iteration) {
                times_[run.run_name.function_name].push_back(run.GetAdjustedRealTime() / steps_);
            }
        }
    }
    [[nodiscard]] double median(const std::string& name) {
        auto& all = times_[name];
        std::sort(all.begin(), all.end());
        return all.empty() ? 0 : all[all.size() / 2];
    }

private:
    std::map<std::string, std::vector<double>> times_;
    unsigned steps_;
};

/// Google Benchmark with all repetitions in random order. False if an option is not known.
inline bool measure(int count, char** arguments, benchmark::BenchmarkReporter& kept) {
    std::string interleaved = "--benchmark_enable_random_interleaving=true"; // unless the reader says otherwise
    std::vector<char*> options{arguments, arguments + count};
    options.insert(options.begin() + 1, interleaved.data());
    int option_count = static_cast<int>(options.size());
    benchmark::Initialize(&option_count, options.data());
    if (benchmark::ReportUnrecognizedArguments(option_count, options.data())) {
        return false;
    }
    benchmark::RunSpecifiedBenchmarks(&kept);
    return true;
}

/// Runs the registered benchmarks and prints the rows. False if an option is not known.
inline bool run(int count, char** arguments, unsigned steps) {
    times kept{steps};
    if (!measure(count, arguments, kept)) {
        return false;
    }
    for (const auto& each : rows) {
        const double time = kept.median(each.name);
        const double plain = kept.median(each.against);
        if (time > 0 && plain > 0) { // not left out by --benchmark_filter
            std::printf("%s    %-44s %8.2f ns  %8.2f\n", each.name == each.against && &each != rows.data() ? "\n" : "",
                        each.name.c_str(), time, time / plain);
        }
    }
    return true;
}

} // namespace bench
