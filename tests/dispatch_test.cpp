// SPDX-License-Identifier: BSL-1.0
//
// dispatch: any signature, before and after apply(), called as an ordinary function is.
#include <inlay/inlay.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using inlay::when;

inline constexpr inlay::feature<"dispatch.a", inlay::by_hand{}> a;
inline constexpr inlay::feature<"dispatch.b", inlay::by_hand{}> b;

inlay::outcome apply_with(unsigned mask) {
    inlay::set(a, (mask & 1) != 0);
    inlay::set(b, (mask & 2) != 0);
    return inlay::apply();
}

struct counted {
    static inline int copies = 0;
    static inline int moves = 0;
    counted() = default;
    counted(const counted& /*other*/) { ++copies; }
    counted(counted&& /*other*/) noexcept { ++moves; }
    counted& operator=(const counted&) = delete;
    counted& operator=(counted&&) = delete;
    ~counted() = default;
};

struct wide {
    double x, y, z;
    long n;
};

template <int Version>
std::string describe(std::string text, double number, const std::string& suffix) {
    if (number < 0) {
        throw std::runtime_error(text + " version " + std::to_string(Version));
    }
    return text + std::to_string(static_cast<int>(number)) + suffix + std::to_string(Version);
}
template <int Version>
wide widen(float x, double y, long double z, short n) noexcept {
    return {x * Version, y * Version, static_cast<double>(z) * Version, n * Version};
}
template <int Version>
int count(counted /*by_value*/, counted& /*by_reference*/) {
    return Version;
}
template <int Version>
std::unique_ptr<int> own(std::unique_ptr<int> pointer) {
    *pointer += Version;
    return pointer;
}
template <int Version>
int twice(int x) {
    return x * 2 + Version;
}

inline constexpr inlay::dispatch<"describe", &describe<0>, when<a, &describe<1>>, when<a && b, &describe<2>>> describes;
inline constexpr inlay::dispatch<"widen", &widen<1>, when<a, &widen<2>>> widens;
inline constexpr inlay::dispatch<"count", &count<0>, when<b, &count<1>>> counts;
inline constexpr inlay::dispatch<"own", &own<1>, when<a, &own<10>>> owns;
inline constexpr inlay::dispatch<"twice", &twice<0>, when<a, &twice<1>>> doubled;

static_assert(noexcept(widens(1.0F, 2.0, 3.0L, short{4})), "noexcept is part of the signature");
static_assert(!noexcept(describes("", 1.0, "")));

[[gnu::noinline]] std::string caught(double number) {
    try {
        return describes("n", number, "v");
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}
[[gnu::noinline]] int nested(int x) { return doubled(doubled(x) + doubled(doubled(x))); }
[[gnu::noinline]] int tail(int x) { return doubled(x + 1); }
[[gnu::noinline]] int conditional_tail(int x) {
    if (x > 3) {
        return doubled(x);
    }
    return x;
}

constexpr int twice_by(int version, int x) { return x * 2 + version; }

TEST(Dispatch, AnySignatureUnderEveryMask) {
    for (const int step : {-1, 0, 1, 2, 3, 0}) {
        SCOPED_TRACE(step);
        const unsigned mask = step < 0 ? 0U : static_cast<unsigned>(step);
        if (step >= 0) {
            const auto done = apply_with(mask);
            ASSERT_TRUE(done) << inlay::message(done.error());
        }
        const int version = (mask & 1) != 0 ? ((mask & 2) != 0 ? 2 : 1) : 0;
        EXPECT_EQ(caught(3), "n3v" + std::to_string(version));
        EXPECT_EQ(caught(-3), "n version " + std::to_string(version)) << "exceptions pass through the call";
        const wide result = widens(1.0F, 2.0, 3.0L, short{4});
        const int factor = (mask & 1) != 0 ? 2 : 1;
        EXPECT_EQ(result.x, 1.0 * factor);
        EXPECT_EQ(result.z, 3.0 * factor);
        EXPECT_EQ(result.n, 4 * factor);
        EXPECT_EQ(*owns(std::make_unique<int>(5)), (mask & 1) != 0 ? 15 : 6);
        const int v = (mask & 1) != 0 ? 1 : 0;
        EXPECT_EQ(nested(3), twice_by(v, twice_by(v, 3) + twice_by(v, twice_by(v, 3))));
        EXPECT_EQ(tail(4), twice_by(v, 5));
        EXPECT_EQ(conditional_tail(4), twice_by(v, 4));
        EXPECT_EQ(conditional_tail(2), 2);
    }
}

TEST(Dispatch, CopiesAsADirectCallDoes) {
    counted lvalue;
    counted::copies = counted::moves = 0;
    (void)count<0>(lvalue, lvalue);
    (void)count<0>(counted{}, lvalue);
    const int direct_copies = counted::copies;
    const int direct_moves = counted::moves;
    counted::copies = counted::moves = 0;
    (void)counts(lvalue, lvalue);
    (void)counts(counted{}, lvalue);
    EXPECT_EQ(counted::copies, direct_copies);
    EXPECT_EQ(counted::moves, direct_moves);
}

TEST(Dispatch, EveryPlainCallIsDirectWithOptimisation) {
    const auto done = apply_with(1);
    ASSERT_TRUE(done);
    EXPECT_GE(done.calls, 10U);
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
    EXPECT_EQ(done.calls_kept(), 0U) << done.calls_direct << " direct of " << done.calls;
#else
    EXPECT_EQ(done.calls_direct + done.calls_kept(), done.calls);
#endif
}

TEST(Dispatch, NoCallOfTheTrampolineIsLeft) {
    ASSERT_TRUE(apply_with(1));
    EXPECT_EQ(nested(1), twice_by(1, twice_by(1, 1) + twice_by(1, twice_by(1, 1))));
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
    const auto trampoline = reinterpret_cast<inlay::address>(decltype(doubled)::trampoline);
    const auto start = reinterpret_cast<inlay::address>(&nested);
    const inlay::platform::process self;
    for (std::size_t at = 0; at < 48 && self.executable(start + at, inlay::arch::longest_branch); ++at) {
        inlay::arch::found_branch branch{};
        EXPECT_FALSE(inlay::arch::branch_at(start + at, inlay::arch::longest_branch, branch) &&
                     branch.target() == trampoline)
            << "three nested calls: each belongs to its own marker; byte " << at;
    }
#endif
}

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
