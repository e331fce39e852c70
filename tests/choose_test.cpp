// SPDX-License-Identifier: BSL-1.0
//
// choose: a dispatch shows the function that it calls, and calls another one on request: before apply(), after it, and
// while threads call it.
#include <inlay/inlay.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using inlay::when;

inline constexpr inlay::feature<"choose.a", inlay::by_hand{}> a;
inline constexpr inlay::feature<"choose.b", inlay::by_hand{}> b;
int probes = 0;
inline constexpr inlay::feature<"choose.probed", [] { return ++probes != 0; }> probed;

template <int Version>
int version(int x) {
    return x * 10 + Version;
}
int other(int x) { return x; }

inline constexpr inlay::dispatch<"choose.dispatch", &version<0>, when<a, &version<1>>, when<a && b, &version<2>>,
                                 when<!a || probed, &version<3>>>
    which;
inline constexpr inlay::dispatch<"choose.early", &version<0>, when<a, &version<1>>> early;
inline constexpr inlay::dispatch<"choose.untouched", &version<0>, when<inlay::always, &version<1>>> untouched;

const volatile int zero = 0; // or else the next two are one function
[[gnu::noinline]] int call(int x) { return which(x) + zero; }
[[gnu::noinline]] int call_in_tail(int x) { return which(x); }
[[gnu::noinline]] int call_twice(int x) { return which(x) + which(x + 1); }
[[gnu::noinline]] int call_early(int x) { return early(x); }

/// Whether every call goes to this version.
void expect_all(int number) {
    EXPECT_EQ(call(4), 40 + number);
    EXPECT_EQ(call_in_tail(5), 50 + number);
    EXPECT_EQ(call_twice(1), 30 + 2 * number);
    EXPECT_EQ(which.chosen(), static_cast<std::size_t>(number));
    EXPECT_EQ(which.target(), which.candidate(static_cast<std::size_t>(number)));
}

// The first test: before apply().
TEST(Choose, BeforeApply) {
    EXPECT_EQ(early.chosen(), 0U);
    EXPECT_EQ(inlay::choose(early, 1).error(), inlay::error::candidate_unsupported);
    EXPECT_EQ(call_early(2), 20);
    ASSERT_TRUE(inlay::choose(early, 1, inlay::unsupported_too));
    EXPECT_EQ(call_early(2), 21);
    ASSERT_TRUE(inlay::apply()); // which keeps to it
    EXPECT_EQ(call_early(2), 21);
    EXPECT_EQ(early.chosen(), 1U);
    EXPECT_EQ(early.automatic(), 0U);
    ASSERT_TRUE(inlay::choose_automatically(early));
    EXPECT_EQ(call_early(2), 20);
    EXPECT_EQ(untouched(1), 11);
}

TEST(Choose, Asks) {
    static_assert(which.count == 4 && which.candidate(2) == &version<2> && which.candidate(4) == nullptr);
    EXPECT_EQ(which.index_of(&version<3>), 3U); // (UBSan: GCC compares addresses of functions at run time alone)
    EXPECT_EQ(which.index_of(&other), 4U);
    inlay::set(a, true);
    inlay::set(b, false);
    probes = 0;
    EXPECT_TRUE(which.supported(0));
    EXPECT_TRUE(which.supported(1));
    EXPECT_FALSE(which.supported(2));
    EXPECT_TRUE(which.supported(3));
    EXPECT_FALSE(which.supported(4));
    EXPECT_EQ(probes, 1) << "only what is asked for is found out";
    EXPECT_EQ(which.automatic(), 3U);
}

TEST(Choose, AfterApply) {
    inlay::set(a, true);
    inlay::set(b, false);
    const auto done = inlay::apply();
    ASSERT_TRUE(done);
    expect_all(3);
    for (const int number : {0, 1, 3, 1}) {
        ASSERT_TRUE(inlay::choose(which, number));
        expect_all(number);
        ASSERT_TRUE(inlay::apply()); // changes nothing
        expect_all(number);
    }
    ASSERT_TRUE(inlay::choose(which, &version<0>));
    expect_all(0);
    ASSERT_TRUE(inlay::choose_automatically(which));
    expect_all(3);
    inlay::set(a, false);
    ASSERT_TRUE(inlay::apply()); // decides again
    expect_all(3);
    EXPECT_EQ(untouched(1), 11);
}

TEST(Choose, RefusesWithoutAChange) {
    inlay::set(a, false);
    inlay::set(b, true);
    ASSERT_TRUE(inlay::choose(which, 0));
    EXPECT_EQ(inlay::choose(which, 4).error(), inlay::error::candidate_unknown);
    EXPECT_EQ(inlay::choose(which, -1).error(), inlay::error::candidate_unknown);
    EXPECT_EQ(inlay::choose(which, &other).error(), inlay::error::candidate_unknown);
    EXPECT_EQ(inlay::choose(which, nullptr).error(), inlay::error::candidate_unknown);
    EXPECT_EQ(inlay::choose(which, &other, inlay::unsupported_too).error(), inlay::error::candidate_unknown);
    EXPECT_EQ(inlay::choose(which, 1).error(), inlay::error::candidate_unsupported);
    EXPECT_EQ(inlay::choose(which, &version<2>).error(), inlay::error::candidate_unsupported);
    expect_all(0);
    ASSERT_TRUE(inlay::choose(which, 2, inlay::unsupported_too));
    expect_all(2);
    ASSERT_TRUE(inlay::choose_automatically(which));
}

TEST(Choose, WhatOverridesSay) {
    inlay::set(a, true);
    inlay::set(b, true);
    setenv("INLAY_FEATURES", "-choose.b", 1); // NOLINT(concurrency-mt-unsafe)
    ASSERT_TRUE(inlay::apply());
    EXPECT_FALSE(which.supported(2));
    EXPECT_EQ(inlay::choose(which, 2).error(), inlay::error::candidate_unsupported);
    unsetenv("INLAY_FEATURES"); // NOLINT(concurrency-mt-unsafe)
    ASSERT_TRUE(inlay::apply());
    EXPECT_TRUE(inlay::choose(which, 2));
    expect_all(2);
    ASSERT_TRUE(inlay::choose_automatically(which));
}

TEST(Choose, RedirectsTheCallsThemselves) {
    ASSERT_TRUE(inlay::apply());
    const auto first = inlay::choose(which, 0);
    ASSERT_TRUE(first);
    const auto same = inlay::choose(which, 0);
    ASSERT_TRUE(same);
    EXPECT_EQ(same.written, 0U);
    const auto changed = inlay::choose(which, 3, inlay::unsupported_too);
    ASSERT_TRUE(changed);
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    EXPECT_EQ(changed.written, 4U) << "the calls of this dispatch, and no other";
#endif
    ASSERT_TRUE(inlay::choose_automatically(which));
}

TEST(Choose, WhileThreadsCall) {
    ASSERT_TRUE(inlay::apply());
    std::atomic<bool> stop{false};
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&] {
            while (!stop) {
                const int one = call(7) - 70;
                const int two = call_in_tail(7) - 70;
                wrong += one < 0 || one > 3 || two < 0 || two > 3 ? 1 : 0;
            }
        });
    }
    for (int i = 0; i < 300; ++i) {
        ASSERT_TRUE(inlay::choose(which, i % 4, inlay::unsupported_too));
        ASSERT_EQ(call(1), 10 + i % 4);
    }
    stop = true;
    for (auto& each : threads) {
        each.join();
    }
    EXPECT_EQ(wrong, 0);
    ASSERT_TRUE(inlay::choose_automatically(which));
}

/// A platform that refuses to write from some number of writes on.
struct refusing {
    const inlay::platform::process self{};
    unsigned left;

    [[nodiscard]] bool readable(inlay::address at, std::size_t size) const noexcept { return self.readable(at, size); }
    [[nodiscard]] bool writable(inlay::address at, std::size_t size) const noexcept { return self.writable(at, size); }
    [[nodiscard]] bool executable(inlay::address at, std::size_t size) const noexcept {
        return self.executable(at, size);
    }
    bool write(inlay::address /*at*/, const std::uint8_t* /*bytes*/, unsigned /*size*/) noexcept {
        return left != 0 && left-- != 0;
    }
    static bool finish() noexcept { return true; }
};

TEST(Choose, ARefusalIsTakenBack) {
    ASSERT_TRUE(inlay::apply());
    ASSERT_TRUE(inlay::choose(which, 0));
    refusing platform{.left = 0};
    const auto done = inlay::choose(which, 3, inlay::unsupported_too, platform);
#if defined(__OPTIMIZE__)
    EXPECT_EQ(done.error(), inlay::error::text_not_writable);
    EXPECT_EQ(done.record().table, inlay::table_kind::calls);
    EXPECT_NE(done.refused(), 0U);
    expect_all(0);
#else
    EXPECT_TRUE(done);
#endif
    ASSERT_TRUE(inlay::choose_automatically(which));
}

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
