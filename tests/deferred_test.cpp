// SPDX-License-Identifier: BSL-1.0
//
// Keys that are turned off late: by the caller's times, and by a clock. No time passes here: the clock is set by hand.
#include <inlay/inlay.hpp>
#include <inlay/rate_limited.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <thread>
#include <vector>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using inlay::error;
using namespace std::chrono_literals;

inline constexpr inlay::static_key<"deferred.a", false> a;
inline constexpr inlay::static_key<"deferred.b", false> b;
inline constexpr inlay::static_key<"deferred.busy", false> busy;

template <const auto& Key>
[[gnu::noinline]] bool is_on() {
    return static_cast<bool>(Key);
}

/// A clock that stands still until it is set.
struct hand_clock {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<hand_clock>;
    [[maybe_unused]] static constexpr bool is_steady = true;
    static inline std::atomic<rep> ticks{0};
    static time_point now() noexcept { return time_point{duration{ticks.load()}}; }
    static void advance(duration by) { ticks += by.count(); }
};

struct counting_lock {
    static inline int held = 0;
    static inline int taken = 0;
    static void lock() noexcept {
        EXPECT_EQ(held++, 0);
        ++taken;
    }
    static void unlock() noexcept { EXPECT_EQ(--held, 0); }
};

class Deferred : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(inlay::apply()); }
};

TEST_F(Deferred, ABurstIsPatchedOnce) {
    inlay::deferred key{a, 100};
    static_assert(std::is_same_v<decltype(key), inlay::deferred<inlay::static_key<"deferred.a", false>>>);
    std::uint32_t written = 0;
    for (unsigned now = 0; now < 1000;
         ++now) { // 1,000 flaps, ten times as long as the delay, but never off for so long
        const auto on = key.enable();
        ASSERT_TRUE(on);
        EXPECT_TRUE(is_on<a>());
        const auto off = key.disable(now);
        ASSERT_TRUE(off);
        EXPECT_TRUE(is_on<a>());
        written += on.written + off.written;
    }
    EXPECT_EQ(written, 1U) << "one site, once";
    EXPECT_EQ(key.flush(1098).written, 0U);
    EXPECT_TRUE(is_on<a>());
    EXPECT_EQ(key.flush(1099).written, 1U);
    EXPECT_FALSE(is_on<a>());
    EXPECT_EQ(key.flush(5000).written, 0U);
    EXPECT_EQ(key.finish().written, 0U);
}

TEST_F(Deferred, PatchesAreAtMostTwoADelay) {
    inlay::deferred key{a, 100};
    std::uint32_t written = 0;
    for (unsigned now = 0; now < 10000; now += 7) {
        written += key.enable().written;
        written += key.disable(now).written;
        written += now % 3 == 0 ? key.flush(now + 150).written : 0; // a late caller
    }
    EXPECT_GT(written, 100U);
    const unsigned before = written;
    written = 0;
    inlay::deferred steady{a, 100};
    for (unsigned now = 0; now < 10000; now += 7) {
        written += steady.enable().written;
        written += steady.disable(now).written;
        written += steady.flush(now).written;
    }
    EXPECT_LT(written, 2 * 10000 / 100 + 2);
    EXPECT_LT(written, before);
    EXPECT_TRUE(key.finish() && steady.finish());
    EXPECT_FALSE(is_on<a>());
}

TEST_F(Deferred, UsersAreCounted) {
    inlay::deferred key{a, 10};
    EXPECT_EQ(key.disable(0).error(), error::not_enabled);
    ASSERT_TRUE(key.enable() && key.enable());
    EXPECT_EQ(key.users(), 2);
    ASSERT_TRUE(key.disable(0));
    std::uint64_t due = 0;
    EXPECT_FALSE(key.pending(due)) << "one user is left";
    EXPECT_TRUE(key.flush(1000) && key.finish());
    EXPECT_TRUE(is_on<a>());
    ASSERT_TRUE(key.disable(1000));
    EXPECT_TRUE(key.pending(due));
    EXPECT_EQ(due, 1010U);
    EXPECT_EQ(key.disable(1001).error(), error::not_enabled);
    ASSERT_TRUE(key.enable()); // in time
    EXPECT_FALSE(key.pending(due));
    EXPECT_TRUE(key.flush(2000));
    EXPECT_TRUE(is_on<a>());
    ASSERT_TRUE(key.disable(2000) && key.finish());
    EXPECT_FALSE(is_on<a>());
    EXPECT_FALSE(key.pending(due));
}

TEST_F(Deferred, OtherUsersOfTheKeyKeepItOn) {
    inlay::deferred key{a, 10};
    ASSERT_TRUE(inlay::enable(a) && key.enable());
    ASSERT_TRUE(key.disable(0) && key.flush(10));
    EXPECT_TRUE(is_on<a>());
    ASSERT_TRUE(inlay::disable(a));
    EXPECT_FALSE(is_on<a>());
}

TEST_F(Deferred, AnErrorIsTriedAgain) {
    inlay::deferred key{a, 10};
    ASSERT_TRUE(key.enable() && key.disable(0));
    ASSERT_TRUE(inlay::set(a, false)); // the count is 0 now
    EXPECT_EQ(key.flush(10).error(), error::not_enabled);
    std::uint64_t due = 0;
    EXPECT_TRUE(key.pending(due));
    ASSERT_TRUE(inlay::enable(a));
    EXPECT_TRUE(key.flush(11));
    EXPECT_FALSE(key.pending(due));
    EXPECT_FALSE(is_on<a>());
}

TEST_F(Deferred, TimesWrapAroundAndMayBeOutOfOrder) {
    inlay::deferred key{a, 100};
    constexpr auto last = std::numeric_limits<std::uint64_t>::max();
    ASSERT_TRUE(key.enable() && key.disable(last - 10));
    EXPECT_TRUE(key.flush(last - 50)) << "earlier than the last user left";
    EXPECT_TRUE(key.flush(88));
    EXPECT_TRUE(is_on<a>());
    EXPECT_TRUE(key.flush(89));
    EXPECT_FALSE(is_on<a>());

    inlay::deferred at_once{a, 0};
    ASSERT_TRUE(at_once.enable());
    EXPECT_TRUE(is_on<a>());
    ASSERT_TRUE(at_once.disable(7));
    EXPECT_FALSE(is_on<a>());
}

TEST_F(Deferred, TheLockIsHeldInEachCall) {
    inlay::deferred<inlay::static_key<"deferred.b", false>, counting_lock> key{b, 10};
    counting_lock::taken = 0;
    ASSERT_TRUE(key.enable() && key.disable(0) && key.flush(5) && key.finish());
    EXPECT_EQ(key.disable(0).error(), error::not_enabled);
    EXPECT_EQ(counting_lock::taken, 5);
    EXPECT_EQ(counting_lock::held, 0);
    EXPECT_FALSE(is_on<b>());
}

TEST_F(Deferred, ByAClock) {
    static constinit inlay::rate_limited<inlay::static_key<"deferred.a", false>, hand_clock> key{a, 100ms};
    EXPECT_EQ(key.next(), std::nullopt);
    ASSERT_TRUE(key.enable());
    EXPECT_EQ(key.next(), std::nullopt);
    hand_clock::advance(5s);
    ASSERT_TRUE(key.disable());
    EXPECT_EQ(key.next(), hand_clock::now() + 100ms);
    hand_clock::advance(99ms);
    ASSERT_TRUE(key.poll());
    EXPECT_TRUE(is_on<a>());
    hand_clock::advance(1ms);
    ASSERT_TRUE(key.poll());
    EXPECT_FALSE(is_on<a>());
    EXPECT_EQ(key.next(), std::nullopt);
    EXPECT_EQ(key.disable().error(), error::not_enabled);

    [[maybe_unused]] static constinit inlay::rate_limited of_the_machine{b, 100ms}; // its clock is the steady one
    ASSERT_TRUE(of_the_machine.enable() && of_the_machine.disable() && of_the_machine.finish());
    EXPECT_FALSE(is_on<b>());
}

TEST_F(Deferred, ThreadsFindTheKeyOnWhileTheyUseIt) {
    static constinit inlay::rate_limited<inlay::static_key<"deferred.busy", false>, hand_clock> key{busy, 100ns};
    std::atomic<int> wrong{0};
    std::vector<std::thread> all;
    all.reserve(4);
    for (int i = 0; i < 4; ++i) {
        all.emplace_back([&]() {
            for (int j = 0; j < 300; ++j) {
                wrong += key.enable() ? 0 : 1;
                wrong += is_on<busy>() ? 0 : 1;
                wrong += key.disable() ? 0 : 1;
                hand_clock::advance(j % 10 == 0 ? 200ns : 1ns);
                wrong += key.poll() ? 0 : 1;
            }
        });
    }
    for (auto& each : all) {
        each.join();
    }
    EXPECT_EQ(wrong.load(), 0);
    EXPECT_EQ(key.users(), 0);
    EXPECT_TRUE(key.finish());
    EXPECT_FALSE(is_on<busy>());
}

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
