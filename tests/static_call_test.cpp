// SPDX-License-Identifier: BSL-1.0
//
// Static calls: any signature and any kind of target, before and after apply(), updated again and again.
#include <inlay/inlay.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

#include <sys/mman.h>

// At -Os a function with many calls of one trampoline may keep its address in a register; at -O0 most do.
#if defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__) && !defined(__SANITIZE_ADDRESS__)
#define EVERY_CALL_IS_FOUND 1
#endif

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using inlay::error;

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
using vector4 = float __attribute__((vector_size(16)));
#if defined(__SIZEOF_INT128__)
__extension__ typedef __int128 wide_int; // NOLINT(modernize-use-using)
#else
using wide_int = long long;
#endif
inline constexpr int places = sizeof(wide_int) == 16 ? 70 : 35;

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
int count(counted /*by_value*/, counted& /*by_reference*/, counted&& /*rvalue*/) {
    return Version;
}
template <int Version>
std::unique_ptr<int> own(std::unique_ptr<int> pointer) {
    *pointer += Version;
    return pointer;
}
template <int Version>
[[gnu::noinline]] int twice(int x) {
    return x * 2 + Version;
}
template <int Version>
wide_int shift(wide_int x) {
    return (x << places) + Version;
}
template <int Version>
vector4 scale(vector4 v, float by) {
    return v * by + static_cast<float>(Version);
}
template <int Version>
[[gnu::noinline]] void thrower(int x) {
    if (x == Version) {
        throw x;
    }
}
template <int Version>
int& refer(int& x) {
    x += Version;
    return x;
}
template <int Version>
long many(int a, long b, short c, char d, long e, long f, long g, double h, counted i, long j) {
    (void)i;
    return (a + b + c + d + e + f + g + static_cast<long>(h) + j) * Version;
}
int overloaded(int x) { return x + 1; }
[[maybe_unused]] double overloaded(double x) { return x + 2; }
int overloaded_too(int x) { return x + 10; }
[[maybe_unused]] int overloaded_too(const char* /*text*/) { return 0; }

struct shape {
    int side;
    [[nodiscard]] int area(int times) const { return side * side * times; }
    [[nodiscard]] int border(int times) const { return side * 4 * times; }
    int grow(int by) noexcept { return side += by; }
    int shrink(int by) noexcept { return side -= by; }
    int take(counted /*by_value*/) { return side; }
};

inline constexpr inlay::static_call<"call.describe", &describe<0>> describes;
inline constexpr inlay::static_call<"call.widen", &widen<1>> widens;
inline constexpr inlay::static_call<"call.count", &count<0>> counts;
inline constexpr inlay::static_call<"call.own", &own<1>> owns;
inline constexpr inlay::static_call<"call.twice", &twice<0>> doubled;
inline constexpr inlay::static_call<"call.shift", &shift<1>> shifts;
inline constexpr inlay::static_call<"call.scale", &scale<1>> scales;
inline constexpr inlay::static_call<"call.throw", &thrower<1>> throws;
inline constexpr inlay::static_call<"call.refer", &refer<1>> refers;
inline constexpr inlay::static_call<"call.many", &many<1>> manies;
inline constexpr inlay::static_call<"call.overloaded", static_cast<int (*)(int)>(&overloaded)> overload;
inline constexpr inlay::static_call<"call.lambda", [](int x) { return x + 5; }> lambda;
inline constexpr inlay::static_call<"call.area", &shape::area> area;
inline constexpr inlay::static_call<"call.grow", &shape::grow> grow;
inline constexpr inlay::static_call<"call.take", &shape::take> take;
inline constexpr inlay::static_call<"call.probe", inlay::no_target<void(int)>> probe;
inline constexpr inlay::static_call<"call.ask", inlay::no_target<long(int)>> ask;
inline constexpr inlay::static_call<"call.filter", inlay::returns_zero<bool(int)>> filter;
inline constexpr inlay::static_call<"call.early", &twice<0>> early;
inline constexpr inlay::static_call<"call.object", &describe<0>> object;

static_assert(noexcept(widens(1.0F, 2.0, 3.0L, short{4})), "noexcept is part of the signature");
static_assert(!noexcept(describes("", 1.0, "")));
static_assert(noexcept(grow(std::declval<shape&>(), 1)));
static_assert(std::is_same_v<decltype(refers(std::declval<int&>())), int&>);

[[maybe_unused]] const bool early_updated = static_cast<bool>(inlay::update(early, &twice<7>));
const int early_result = early(1);

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
[[gnu::noinline]] int two_tails(int x) { return x > 3 ? doubled(x) : doubled(-x); }
[[gnu::noinline]] void throws_in_tail_position(int x) { throws(x); }
[[gnu::noinline]] int caught_from_tail(int x) {
    try {
        throws_in_tail_position(x);
    } catch (int thrown) {
        return thrown;
    }
    return 0;
}
[[gnu::noinline]] int caught_in_place(int x) {
    try {
        throws(x);
    } catch (int thrown) {
        return thrown;
    }
    return 0;
}
[[gnu::noinline]] int in_a_loop(int x) {
    int sum = 0;
    for (int i = 0; i < x; ++i) {
        sum += doubled(i);
    }
    return sum;
}
int probed = 0;
void note(int x) { probed += x; }
long answer(int x) { return x * 3L; }
bool is_odd(int x) { return x % 2 != 0; }
[[gnu::noinline]] void probe_twice(int x) {
    probe.maybe(x);
    probe.maybe(x + 1);
}
[[gnu::noinline]] void probe_in_tail_position(int x) { probe.maybe(x); }
[[gnu::noinline]] void probe_on_condition(int x) {
    if (x > 3) {
        probe.maybe(x);
    }
}
[[gnu::noinline]] long ask_and_add(int x) { return ask.maybe(x) + 1; }
[[gnu::noinline]] long ask_in_tail_position(int x) { return ask.maybe(x); }
[[gnu::noinline]] int filtered(int x) { return filter(x) ? 1 : 0; }
[[gnu::noinline]] bool filter_in_tail_position(int x) { return filter(x); }
template <class T>
[[gnu::noinline]] int in_a_template(T x) {
    return doubled(static_cast<int>(x));
}
inline int in_an_inline_function(int x) { return doubled(x); }

constexpr int twice_by(int version, int x) { return x * 2 + version; }

/// Everything that goes through `doubled`, with its target being twice<v>.
void expect_doubled(int v) {
    EXPECT_EQ(nested(3), twice_by(v, twice_by(v, 3) + twice_by(v, twice_by(v, 3))));
    EXPECT_EQ(tail(4), twice_by(v, 5));
    EXPECT_EQ(conditional_tail(4), twice_by(v, 4));
    EXPECT_EQ(conditional_tail(2), 2);
    EXPECT_EQ(two_tails(4), twice_by(v, 4));
    EXPECT_EQ(two_tails(2), twice_by(v, -2));
    EXPECT_EQ(in_a_loop(10), 90 + 10 * v);
    EXPECT_EQ(in_a_template(3L), twice_by(v, 3));
    EXPECT_EQ(in_an_inline_function(3), twice_by(v, 3));
}

class StaticCall : public testing::TestWithParam<bool> {
protected:
    void SetUp() override {
        if (GetParam()) {
            const auto done = inlay::apply();
            ASSERT_TRUE(done) << inlay::message(done.error());
            EXPECT_GE(done.calls, 40U);
            EXPECT_EQ(done.calls_found + done.calls_missed(), done.calls);
#if EVERY_CALL_IS_FOUND
            EXPECT_EQ(done.calls_missed(), 0U);
            EXPECT_EQ(done.calls_kept(), 0U) << done.calls_direct << " direct of " << done.calls;
#endif
        }
    }
};

TEST_P(StaticCall, IsUpdatedByStaticInitialisersBeforeApply) {
    EXPECT_TRUE(early_updated);
    EXPECT_EQ(early_result, 9);
    EXPECT_EQ(early(1), 9);
}

TEST_P(StaticCall, AnySignature) {
    EXPECT_EQ(caught(3), "n3v0");
    EXPECT_EQ(caught(-3), "n version 0");
    ASSERT_TRUE(inlay::update(describes, &describe<1>));
    EXPECT_EQ(caught(3), "n3v1");
    EXPECT_EQ(caught(-3), "n version 1") << "exceptions pass through the call";
    ASSERT_TRUE(inlay::update(describes, &describe<0>));

    for (const int factor : {1, 2, 1}) {
        ASSERT_TRUE(inlay::update(widens, factor == 1 ? &widen<1> : &widen<2>));
        const wide result = widens(1.0F, 2.0, 3.0L, short{4});
        EXPECT_EQ(result.x, 1.0 * factor);
        EXPECT_EQ(result.z, 3.0 * factor);
        EXPECT_EQ(result.n, 4 * factor);
        ASSERT_TRUE(inlay::update(owns, factor == 1 ? &own<1> : &own<2>));
        EXPECT_EQ(*owns(std::make_unique<int>(5)), 5 + factor);
        ASSERT_TRUE(inlay::update(shifts, factor == 1 ? &shift<1> : &shift<2>));
        EXPECT_TRUE(shifts(3) == (wide_int{3} << places) + factor);
        ASSERT_TRUE(inlay::update(scales, factor == 1 ? &scale<1> : &scale<2>));
        const vector4 scaled = scales(vector4{1, 2, 3, 4}, 10);
        EXPECT_EQ(scaled[0], 10.0F + static_cast<float>(factor));
        EXPECT_EQ(scaled[3], 40.0F + static_cast<float>(factor));
        ASSERT_TRUE(inlay::update(refers, factor == 1 ? &refer<1> : &refer<2>));
        int variable = 1;
        EXPECT_EQ(&refers(variable), &variable);
        EXPECT_EQ(variable, 1 + factor);
        ASSERT_TRUE(inlay::update(manies, factor == 1 ? &many<1> : &many<2>));
        EXPECT_EQ(manies(1, 2, 3, 4, 5, 6, 7, 8.0, counted{}, 9), 45 * factor);
        ASSERT_TRUE(inlay::update(throws, factor == 1 ? &thrower<1> : &thrower<2>));
        EXPECT_EQ(caught_in_place(factor), factor);
        EXPECT_EQ(caught_in_place(3 - factor), 0);
        EXPECT_EQ(caught_from_tail(factor), factor) << "an exception through a tail call";
        EXPECT_EQ(caught_from_tail(3 - factor), 0);
    }
}

TEST_P(StaticCall, CallsAndTailCalls) {
    expect_doubled(0);
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(inlay::update(doubled, &twice<1>));
        expect_doubled(1);
        ASSERT_TRUE(inlay::update(doubled, &twice<2>));
        expect_doubled(2);
    }
    ASSERT_TRUE(inlay::update(doubled, &twice<0>));
    expect_doubled(0);
}

TEST_P(StaticCall, CopiesAsADirectCallDoes) {
    counted lvalue;
    counted::copies = counted::moves = 0;
    (void)count<0>(lvalue, lvalue, counted{});
    (void)count<0>(counted{}, lvalue, std::move(lvalue));
    (void)count<0>(std::move(lvalue), lvalue, counted{});
    const int copies = counted::copies;
    const int moves = counted::moves;
    EXPECT_EQ(copies, 1);
    EXPECT_EQ(moves, 1);
    counted::copies = counted::moves = 0;
    (void)counts(lvalue, lvalue, counted{});
    (void)counts(counted{}, lvalue, std::move(lvalue));
    (void)counts(std::move(lvalue), lvalue, counted{});
    EXPECT_EQ(counted::copies, copies);
    EXPECT_EQ(counted::moves, moves);
    // A member function is reached through a function of its object: one move more, no copy.
    shape square{1};
    counted::copies = counted::moves = 0;
    (void)take(square, lvalue);
    EXPECT_EQ(counted::copies, 1);
    EXPECT_EQ(counted::moves, 1);
}

TEST_P(StaticCall, TargetsOfEveryKind) {
    EXPECT_EQ(overload(1), 2);
    ASSERT_TRUE(inlay::update(overload, &overloaded_too)); // the call's type chooses
    EXPECT_EQ(overload(1), 11);
    ASSERT_TRUE(inlay::update(overload, [](int x) { return x + 100; }));
    EXPECT_EQ(overload(1), 101);
    ASSERT_TRUE(inlay::update(overload, [](int x) noexcept { return x + 200; })); // less noexcept is asked
    EXPECT_EQ(overload(1), 201);
    ASSERT_TRUE(inlay::update(overload, static_cast<int (*)(int)>(&overloaded)));
    EXPECT_EQ(lambda(1), 6);
    ASSERT_TRUE(inlay::update(lambda, &overloaded_too));
    EXPECT_EQ(lambda(1), 11);
    ASSERT_TRUE(inlay::update(lambda, [](int x) { return x + 5; }));

    shape square{3};
    EXPECT_EQ(area(square, 2), 18);
    ASSERT_TRUE(inlay::update(area, inlay::member<&shape::border>));
    EXPECT_EQ(area(square, 2), 24);
    ASSERT_TRUE(inlay::update(area, inlay::member<&shape::area>));
    EXPECT_EQ(grow(square, 2), 5);
    ASSERT_TRUE(inlay::update(grow, inlay::member<&shape::shrink>));
    EXPECT_EQ(grow(square, 2), 3);
    ASSERT_TRUE(inlay::update(grow, inlay::member<&shape::grow>));
}

TEST_P(StaticCall, NullDoesNothing) {
    for (int i = 0; i < 2; ++i) {
        probed = 0;
        probe_twice(1);
        probe_in_tail_position(5);
        probe_on_condition(5);
        EXPECT_EQ(probed, 0);
        EXPECT_EQ(ask_and_add(5), 1);
        EXPECT_EQ(ask_in_tail_position(5), 0);
        ASSERT_TRUE(inlay::update(probe, &note));
        ASSERT_TRUE(inlay::update(ask, &answer));
        probe_twice(1);
        EXPECT_EQ(probed, 3);
        probe_in_tail_position(5);
        EXPECT_EQ(probed, 8);
        probe_on_condition(3);
        EXPECT_EQ(probed, 8);
        probe_on_condition(4);
        EXPECT_EQ(probed, 12);
        EXPECT_EQ(ask_and_add(5), 16);
        EXPECT_EQ(ask_in_tail_position(5), 15);
        void (*const null)(int) = nullptr;
        ASSERT_TRUE(i == 0 ? inlay::update(probe, nullptr) : inlay::update(probe, null));
        ASSERT_TRUE(inlay::update(ask, inlay::no_target<long(int)>));
    }
    EXPECT_EQ(inlay::update(object, nullptr).error(), error::target_null) << "no string is zero";
    EXPECT_EQ(object("n", 1, "v"), "n1v0") << "and nothing changes";
}

TEST_P(StaticCall, ReturnsZero) {
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(filtered(3), 0);
        EXPECT_FALSE(filter_in_tail_position(3));
        ASSERT_TRUE(inlay::update(filter, &is_odd));
        EXPECT_EQ(filtered(3), 1);
        EXPECT_EQ(filtered(4), 0);
        EXPECT_TRUE(filter_in_tail_position(3));
        ASSERT_TRUE(inlay::update(filter, inlay::returns_zero<bool(int)>));
    }
    ASSERT_TRUE(inlay::update(doubled, inlay::returns_zero<int(int)>));
    EXPECT_EQ(nested(3), 0);
    EXPECT_EQ(conditional_tail(4), 0);
    EXPECT_EQ(two_tails(4), 0);
    EXPECT_EQ(two_tails(1), 0);
    ASSERT_TRUE(inlay::update(doubled, &twice<0>));
    expect_doubled(0);
}

#if defined(__x86_64__)
TEST_P(StaticCall, ATargetOutOfReachGoesThroughTheTrampoline) {
    // Eight GiB from here: lea eax, [rdi + rdi + 9]; ret
    const std::uint8_t code[] = {0x8d, 0x44, 0x3f, 0x09, 0xc3};
    const auto here = reinterpret_cast<std::uintptr_t>(&tail) & ~std::uintptr_t{4095};
    void* const far = ::mmap(reinterpret_cast<void*>(here + (std::uintptr_t{8} << 30)), 4096, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    ASSERT_NE(far, MAP_FAILED);
    std::memcpy(far, code, sizeof(code));
    ASSERT_EQ(::mprotect(far, 4096, PROT_READ | PROT_EXEC), 0);
    ASSERT_TRUE(inlay::update(doubled, reinterpret_cast<int (*)(int)>(far)));
    expect_doubled(9);
    const auto done = inlay::apply();
    ASSERT_TRUE(done);
#if EVERY_CALL_IS_FOUND
    EXPECT_EQ(done.calls_missed(), 0U);
    EXPECT_GE(done.calls_kept(), 8U) << "the calls of doubled";
#endif
    expect_doubled(9);
    ASSERT_TRUE(inlay::update(doubled, &twice<3>));
    expect_doubled(3);
    ASSERT_TRUE(inlay::update(doubled, &twice<0>));
    ::munmap(far, 4096);
    expect_doubled(0);
}
#endif

INSTANTIATE_TEST_SUITE_P(BeforeAndAfterApply, StaticCall, testing::Values(false, true),
                         [](const auto& each) { return each.param ? "after" : "before"; });

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
