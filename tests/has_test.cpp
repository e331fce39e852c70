// SPDX-License-Identifier: BSL-1.0
//
// Branches by features, and proofs of features: before and after apply(), in both layouts, at each kind of place; and
// the conversions between proofs.
#include <inlay/inlay.hpp>

#include <gtest/gtest.h>

#include <type_traits>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using inlay::has, inlay::proof, inlay::proof_of;

inline constexpr inlay::feature<"has.yes", inlay::by_hand{}> yes;
inline constexpr inlay::feature<"has.no", inlay::by_hand{}> no;
inline constexpr inlay::feature<"has.later", inlay::by_hand{}> later;

[[gnu::noinline]] int plain(int x) {
    if (has<yes>) {
        return x + 1;
    }
    return x;
}
[[gnu::noinline]] int absent(int x) { return has<no> ? x + 1 : x; }
[[gnu::noinline]] int negated(int x) { return !has<yes> ? x + 1 : x; }
[[gnu::noinline]] int of_a_negation(int x) { return has<!no> ? x + 1 : x; }
[[gnu::noinline]] int of_both(int x) { return has < yes && !no > ? x + 1 : x; }
[[gnu::noinline]] int of_either(int x) { return has < no || yes > ? x + 1 : x; }
[[gnu::noinline]] int laid_out_likely(int x) { return likely(has<yes>) ? x + 1 : x; }
[[gnu::noinline]] int absent_likely(int x) { return likely(has<no>) ? x + 1 : x; }
[[gnu::noinline]] int laid_out_unlikely(int x) { return unlikely(has<yes>) ? x + 1 : x; }
[[gnu::noinline]] int as_a_value(int x) {
    const bool value = has<yes>;
    return x + static_cast<int>(value);
}
[[gnu::noinline]] int with_others(int x) { return has<yes> && x > 0 && !has<no> ? x + 1 : x; }
inline int in_an_inline_function(int x) { return has<yes> ? x + 1 : x; }
template <class T>
[[gnu::noinline]] T in_a_template(T x) {
    return has<yes> ? x + 1 : x;
}
[[gnu::noinline]] int in_a_loop(int x) {
    int sum = 0;
    for (int i = 0; i < x; ++i) {
        sum += has<yes> ? 2 : has<no> ? 4 : 0;
    }
    return sum / 2;
}
[[gnu::noinline]] int in_a_lambda(int x) {
    return [](int y) { return has<yes> ? y + 1 : y; }(x);
}
[[gnu::noinline]] bool of_later() { return has<later>; }

// Known when it is compiled, and no site.
[[gnu::noinline]] bool always() { return has<inlay::always>; }
[[gnu::noinline]] bool never() { return has<inlay::never> || likely(has < yes && !yes >); }

// ---- Proofs.

struct registers {
    int value;
};
[[gnu::noinline]] int read(proof_of<yes> /*proof*/, const registers& from) { return from.value; }
[[gnu::noinline]] int hands_on(proof_of<yes> known, const registers& from) { return read(known, from) + 1; }
[[gnu::noinline]] int read_of_no(proof_of<no> /*proof*/) { return 1; }

[[gnu::noinline]] int with_proof(const registers& from) {
    if (const auto known = proof<yes>()) {
        return hands_on(known, from);
    }
    return -1;
}
[[gnu::noinline]] int with_proof_of_more(const registers& from) {
    if (const auto known = proof<yes && !no>()) {
        const proof_of<yes && !no> kept = known;
        return hands_on(kept, from) + hands_on(known, from);
    }
    return -1;
}
[[gnu::noinline]] int without_proof() {
    if (const auto known = proof<no>()) {
        return read_of_no(known);
    }
    return -1;
}
[[gnu::noinline]] int unasked() {
    const auto known = proof<no>();
    return read_of_no(known); // compiles, and must not run
}

static_assert(std::is_empty_v<proof_of<yes>> && std::is_trivially_copyable_v<proof_of<yes>>);
static_assert(std::is_convertible_v<proof_of<yes && no>, proof_of<yes>>);
static_assert(std::is_convertible_v<proof_of<yes && no && later>, proof_of<later && yes>>);
static_assert(std::is_convertible_v<decltype(proof<yes && no>()), proof_of<no>>);
static_assert(std::is_convertible_v<proof_of<yes>, proof_of<inlay::always>>);
static_assert(!std::is_convertible_v<decltype(proof<yes>()), bool>, "only in a condition");
// (A wrong conversion is refused with a sentence: tests/negative.)
static_assert(!inlay::detail::proves<yes, no> && !inlay::detail::proves < yes,
              yes&& no > &&!inlay::detail::proves < yes || no,
              yes > &&!inlay::detail::proves<!yes, yes> && !inlay::detail::proves<inlay::always, yes>);

TEST(Has, NothingBeforeApplyAndTheFeaturesAfterIt) {
    const registers some{41};
    for (const bool applied : {false, true}) {
        if (applied) {
            inlay::set(yes, true);
            const auto done = inlay::apply();
            ASSERT_TRUE(done) << inlay::message(done.error());
            ASSERT_GE(done.written, 12U);
        }
        const int more = applied ? 1 : 0;
        EXPECT_EQ(plain(5), 5 + more);
        EXPECT_EQ(absent(5), 5);
        EXPECT_EQ(negated(5), 6 - more);
        EXPECT_EQ(of_a_negation(5), 5 + more) << "before apply(), nothing is known of it either";
        EXPECT_EQ(of_both(5), 5 + more);
        EXPECT_EQ(of_either(5), 5 + more);
        EXPECT_EQ(laid_out_likely(5), 5 + more);
        EXPECT_EQ(absent_likely(5), 5);
        EXPECT_EQ(laid_out_unlikely(5), 5 + more);
        EXPECT_EQ(as_a_value(5), 5 + more);
        EXPECT_EQ(with_others(5), 5 + more);
        EXPECT_EQ(with_others(-5), -5);
        EXPECT_EQ(in_an_inline_function(5), 5 + more);
        EXPECT_EQ(in_a_template(5L), 5 + more);
        EXPECT_EQ(in_a_loop(7), 7 * more);
        EXPECT_EQ(in_a_lambda(5), 5 + more);
        EXPECT_TRUE(always());
        EXPECT_FALSE(never());
        EXPECT_EQ(with_proof(some), applied ? 42 : -1);
        EXPECT_EQ(with_proof_of_more(some), applied ? 84 : -1);
        EXPECT_EQ(without_proof(), -1);
    }
}

TEST(Has, FollowsTheFeatureAtEachApply) {
    for (const bool value : {true, false, true}) {
        inlay::set(later, value);
        ASSERT_TRUE(inlay::apply());
        EXPECT_EQ(of_later(), value);
    }
}

TEST(Has, AProofThatNobodyAskedForEndsTheProgram) {
    ASSERT_TRUE(inlay::apply());
    EXPECT_DEATH((void)unasked(), "");
}

TEST(Has, IsTheProcessorsFeature) {
    ASSERT_TRUE(inlay::apply());
    EXPECT_EQ(has<inlay::cpu.avx2> ? 1 : 0, __builtin_cpu_supports("avx2") != 0 ? 1 : 0);
    EXPECT_EQ(has<!inlay::cpu.popcnt> ? 1 : 0, __builtin_cpu_supports("popcnt") != 0 ? 0 : 1);
    EXPECT_EQ(static_cast<bool>(proof<inlay::cpu.popcnt>()), __builtin_cpu_supports("popcnt") != 0);
}

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
