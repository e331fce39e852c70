// SPDX-License-Identifier: BSL-1.0
//
// clock: cycles of the core, from the time-stamp counter.
//
//     bench::clock clock;                  // finds out once whether perf_event counts cycles
//     clock.start();
//     const auto before = bench::ticks(); ... const auto after = bench::ticks();
//     const double cycles = double(after - before) * clock.stop();
//     if (clock.width() < 0.9 * widest) ...            // another thread used this core
//
// How it works. The time-stamp counter ticks at a constant rate (Intel SDM volume 3, 18.17; AMD APM volume 2, 13.2.4),
// but the core's clock changes. So each measurement has a factor, in cycles for each tick. If perf_event_open(2) counts
// cycles, the factor comes from this count. Otherwise it comes from rotations that wait for one another, a cycle each
// (see by_hand.hpp). They run just before and just after the measurement.
#pragma once

#include "by_hand.hpp"

#include <cstdint>

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

namespace bench {

/// The time-stamp counter, after everything before it and before everything after it.
[[nodiscard]] [[gnu::always_inline]] inline std::uint64_t ticks() noexcept {
    _mm_lfence();
    const std::uint64_t now = __rdtsc();
    _mm_lfence();
    return now;
}

class clock {
public:
    clock() {
        perf_event_attr what{};
        what.type = PERF_TYPE_HARDWARE;
        what.size = sizeof what;
        what.config = PERF_COUNT_HW_CPU_CYCLES;
        what.exclude_kernel = 1;
        what.exclude_hv = 1;
        file_ = static_cast<int>(::syscall(SYS_perf_event_open, &what, 0, -1, -1, 0UL));
        if (file_ >= 0 && count() == 0) { // it opens, but does not count
            ::close(file_);
            file_ = -1;
        }
        for (int i = 0; i < 1000; ++i) {
            const auto before = ticks();
            const auto after = ticks();
            overhead_ = after - before < overhead_ ? after - before : overhead_;
        }
    }
    clock(const clock&) = delete;
    clock(clock&&) = delete;
    clock& operator=(const clock&) = delete;
    clock& operator=(clock&&) = delete;
    ~clock() {
        if (file_ >= 0) {
            ::close(file_);
        }
    }

    [[nodiscard]] const char* source() const noexcept {
        return file_ >= 0 ? "perf_event" : "rdtsc, calibrated by dependent rotations";
    }

    /// Ticks between two reads with nothing in between.
    [[nodiscard]] std::uint64_t overhead() const noexcept { return overhead_; }

    void start() noexcept {
        calibrate();
        calibration_ = cycles_a_tick_;
        least_width_ = width_;
        cycles_ = count();
        ticks_ = ticks();
    }

    /// Cycles a tick since start().
    [[nodiscard]] double stop() noexcept {
        const auto passed = static_cast<double>(ticks() - ticks_);
        const auto cycles = static_cast<double>(count() - cycles_);
        calibrate();
        least_width_ = width_ < least_width_ ? width_ : least_width_;
        return file_ >= 0 ? cycles / passed : (calibration_ + cycles_a_tick_) / 2;
    }

    /// The exclusive ors (by_hand.hpp) that the core executed in a cycle: before start() or after stop(), the lesser of
    /// the two.
    [[nodiscard]] double width() const noexcept { return least_width_; }

    // The code for calibration, 4,096 instructions each: functions, so that a test can look at them.
    [[gnu::noinline]] static void one_by_one() {
        by_hand::number a = 1;
        for (int i = 0; i < rounds; ++i) {
            by_hand::one_by_one(a);
        }
    }
    [[gnu::noinline]] static void four_at_once() {
        by_hand::number a = 1;
        by_hand::number b = 1;
        by_hand::number c = 1;
        by_hand::number d = 1;
        for (int i = 0; i < rounds; ++i) {
            by_hand::four_at_once(a, b, c, d, 3);
        }
    }

private:
    [[nodiscard]] std::uint64_t count() const noexcept {
        std::uint64_t value = 0;
        return file_ >= 0 && ::read(file_, &value, sizeof value) == sizeof value ? value : 0;
    }

    static constexpr int rounds = 64; // 4,096 instructions

    /// Instructions a tick: the best of some tries. An interrupt makes it longer, nothing makes it shorter.
    [[nodiscard]] static double best(void (*all_rounds)()) noexcept {
        constexpr int tries = 4;
        double most = 0;
        for (int i = 0; i < tries; ++i) {
            const auto before = ticks();
            all_rounds();
            const double now = 64.0 * rounds / static_cast<double>(ticks() - before);
            most = now > most ? now : most;
        }
        return most;
    }

    void calibrate() noexcept {
        cycles_a_tick_ = best(&one_by_one);
        width_ = best(&four_at_once) / cycles_a_tick_;
    }

    int file_{-1};
    std::uint64_t overhead_{~std::uint64_t{}};
    double cycles_a_tick_{};
    double width_{};
    double calibration_{};
    double least_width_{};
    std::uint64_t cycles_{};
    std::uint64_t ticks_{};
};

} // namespace bench
