// SPDX-License-Identifier: BSL-1.0
//
// keeper: the counter of each repetition, without repetitions on a busy core.
//
//     bench::keeper kept{"cycles"};                  // benchmarks have it, and clock::width() as "width"
//     benchmark::RunSpecifiedBenchmarks(&kept);      // prints nothing
//     kept.choose();
//     kept.median("direct/dependent/64/warm");
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// Why a run failed, or null. Google Benchmark 1.8 gave both members of a run other names.
template <class Run>
[[nodiscard]] const std::string* error_of(const Run& run) {
    if constexpr (requires { run.error_occurred; }) {
        return run.error_occurred ? &run.error_message : nullptr;
    } else {
        return run.skipped != decltype(run.skipped){} ? &run.skip_message : nullptr;
    }
}

class keeper : public benchmark::BenchmarkReporter {
public:
    explicit keeper(std::string counter) : counter_{std::move(counter)} {}

    bool ReportContext(const Context& /*context*/) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const auto& run : runs) {
            if (const std::string* const error = error_of(run); error != nullptr) {
                std::fprintf(stderr, "%s: %s\n", run.run_name.function_name.c_str(), error->c_str());
                failed_ = true;
            } else if (run.run_type == Run::RT_Iteration) {
                const double width = run.counters.at("width").value;
                all_[run.run_name.function_name].push_back({run.counters.at(counter_).value, width});
                widths_.push_back(width);
            }
        }
    }

    /// Leaves out the repetitions during which another thread used the core. Returns the part that is left.
    double choose() {
        if (widths_.empty()) {
            return 0;
        }
        const double least = alone * percentile(widths_, 95);
        std::size_t left = 0;
        for (auto& [name, repetitions] : all_) {
            auto& values = chosen_[name];
            for (const auto& each : repetitions) {
                if (each.width >= least) {
                    values.push_back(each.value);
                }
            }
            left += values.size();
        }
        return static_cast<double>(left) / static_cast<double>(widths_.size());
    }

    [[nodiscard]] bool failed() const { return failed_; }

    /// 0 without a measurement.
    [[nodiscard]] double median(const std::string& name) {
        auto& all = chosen_[name];
        return all.empty() ? 0 : percentile(all, 50);
    }

private:
    struct repetition {
        double value;
        double width;
    };
    static constexpr double alone = 0.9; // figures.py has the same

    static double percentile(std::vector<double>& all, std::size_t which) {
        std::sort(all.begin(), all.end());
        return all[(all.size() - 1) * which / 100];
    }

    std::map<std::string, std::vector<repetition>> all_;
    std::map<std::string, std::vector<double>> chosen_;
    std::vector<double> widths_;
    std::string counter_;
    bool failed_{};
};

} // namespace bench
