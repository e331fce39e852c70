// SPDX-License-Identifier: BSL-1.0
//
// progress: a line every five seconds while benchmarks run, between two repetitions.
//
//     bench::progress::expect(101);        // for each benchmark: its repetitions
//     bench::progress::step();             // in each of them, before anything is timed
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>

namespace bench::progress {

namespace detail {

using clock = std::chrono::steady_clock;
inline std::size_t expected = 0;
inline std::size_t done = 0;
inline clock::time_point started{};
inline clock::time_point said{};

} // namespace detail

inline void expect(std::size_t repetitions) { detail::expected += repetitions; }

/// Google Benchmark runs some repetitions more, to find out how many iterations it takes: 99 % then lasts longer.
inline void step() {
    constexpr std::chrono::seconds pause{5};
    const auto now = detail::clock::now();
    if (detail::done++ == 0) {
        detail::started = detail::said = now;
    } else if (now - detail::said >= pause) {
        detail::said = now;
        const auto percent = 100 * detail::done / std::max<std::size_t>(detail::expected, 1);
        std::fprintf(
            stderr, "    %zu %% after %lld s\n", std::min<std::size_t>(percent, 99),
            static_cast<long long>(std::chrono::duration_cast<std::chrono::seconds>(now - detail::started).count()));
    }
}

} // namespace bench::progress
