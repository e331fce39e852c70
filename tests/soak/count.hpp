// SPDX-License-Identifier: BSL-1.0
//
// count: counts the work of a soak program, and its errors. A signal handler may use all functions except report().
//
//     soak::did_execute(); soak::did_change();
//     soak::expect(answer == 1, "the key");
//     return soak::report("threads", "3 threads changed keys");
#pragma once

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace soak {

inline std::atomic<unsigned long> executions{};
inline std::atomic<unsigned long> changes{};
inline std::atomic<unsigned long> wrongs{};
inline std::atomic<const char*> first_wrong{};

inline void did_execute(unsigned long times = 1) { executions.fetch_add(times, std::memory_order_relaxed); }
inline void did_change(unsigned long times = 1) { changes.fetch_add(times, std::memory_order_relaxed); }

/// Counts the errors, and remembers the first.
inline void expect(bool good, const char* what) {
    if (!good) {
        const char* none = nullptr;
        first_wrong.compare_exchange_strong(none, what);
        ++wrongs;
    }
}

/// The end of a program: when this time has passed, and this amount of work is done.
class goal {
public:
    /// From arguments: SECONDS [EXECUTIONS [CHANGES]].
    goal(int count, char** arguments)
        : end_{std::chrono::steady_clock::now() + std::chrono::milliseconds{number(count, arguments, 0) * 1000}},
          executions_{number(count, arguments, 1)}, changes_{number(count, arguments, 2)} {}

    [[nodiscard]] bool reached() const {
        return std::chrono::steady_clock::now() >= end_ && executions >= executions_ && changes >= changes_;
    }

private:
    static unsigned long number(int count, char** arguments, int which) {
        return which < count ? std::strtoul(arguments[which], nullptr, 10) : 0;
    }

    std::chrono::steady_clock::time_point end_;
    unsigned long executions_;
    unsigned long changes_;
};

/// Prints the last line, which run.sh adds up; returns the program's status.
inline int report(const char* name, const char* text) {
    if (const char* const what = first_wrong) {
        std::printf("%s: the first wrong thing: %s\n", name, what);
    }
    std::printf("%s: %lu executions, %lu changes, %lu wrong; %s\n", name, executions.load(), changes.load(),
                wrongs.load(), text);
    return wrongs == 0 ? 0 : 1;
}

} // namespace soak
