// SPDX-License-Identifier: BSL-1.0
//
// A name is all of its characters: null characters in it are not its end.
#include <inlay/inlay.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace {

using namespace inlay::x86::insn;
using inlay::when;

inline constexpr inlay::x86::address_register accumulator{0}; // rax, or eax in 32-bit mode

// NOLINTBEGIN(*-avoid-magic-numbers)

inline constexpr inlay::static_key<"text", false> plain;
inline constexpr inlay::static_key<"text\0", false> trailing;
inline constexpr inlay::static_key<"text\0\0", false> trailing_twice;
inline constexpr inlay::static_key<"text\0a", false> a;
inline constexpr inlay::static_key<"text\0b", false> b;
inline constexpr inlay::static_key<"\0", false> null;
inline constexpr inlay::static_key<"text\xc0\0\x80", false> almost_encoded;
inline constexpr inlay::static_key<"text\xc0", false> half_encoded;

inline constexpr inlay::static_switch<"text.way\0a", 4> way_a;
inline constexpr inlay::static_switch<"text.way\0b", 4> way_b;

int one(int x) { return x + 1; }
int two(int x) { return x + 2; }
inline constexpr inlay::static_call<"text.call\0a", &one> call_a;
inline constexpr inlay::static_call<"text.call\0b", &one> call_b;

inline constexpr inlay::feature<"text.feature\0a", inlay::by_hand{}> feature_a;
inline constexpr inlay::feature<"text.feature\0b", inlay::by_hand{}> feature_b;
inline constexpr auto site_a =
    inlay::alternative<mov(eax, 0), when<feature_a, mov(eax, 1)>>{}.named<"text.site\0a">().returns<accumulator, int>();
inline constexpr auto site_b =
    inlay::alternative<mov(eax, 0), when<feature_b, mov(eax, 1)>>{}.named<"text.site\0b">().returns<accumulator, int>();
inline constexpr inlay::dispatch<"text.dispatch\0a", &one, when<feature_a, &two>> dispatch_a;
inline constexpr inlay::dispatch<"text.dispatch\0b", &one, when<feature_b, &two>> dispatch_b;

[[gnu::noinline]] std::string keys() {
    std::string on;
    on += plain ? '1' : '0';
    on += trailing ? '1' : '0';
    on += trailing_twice ? '1' : '0';
    on += a ? '1' : '0';
    on += b ? '1' : '0';
    on += null ? '1' : '0';
    on += almost_encoded ? '1' : '0';
    on += half_encoded ? '1' : '0';
    return on;
}
[[gnu::noinline]] int calls(int x) { return call_a(x) * 100 + call_b(x); }
[[gnu::noinline]] unsigned ways() { return way_a * 10 + way_b; }
[[gnu::noinline]] int chosen(int x) { return dispatch_a(x) * 100 + dispatch_b(x); }
[[gnu::noinline]] int sites() { return site_a() * 10 + site_b(); }

TEST(NameText, KeysThatDifferBehindANullAreTwo) {
    for (const bool applied : {false, true}) {
        if (applied) {
            ASSERT_TRUE(inlay::apply());
        }
        EXPECT_EQ(keys(), "00000000");
        ASSERT_TRUE(inlay::set(a, true));
        EXPECT_EQ(keys(), "00010000");
        ASSERT_TRUE(inlay::set(trailing, true));
        EXPECT_EQ(keys(), "01010000");
        ASSERT_TRUE(inlay::set(plain, true));
        ASSERT_TRUE(inlay::set(a, false));
        EXPECT_EQ(keys(), "11000000");
        ASSERT_TRUE(inlay::set(null, true));
        ASSERT_TRUE(inlay::set(almost_encoded, true));
        EXPECT_EQ(keys(), "11000110");
        ASSERT_TRUE(inlay::set(plain, false));
        ASSERT_TRUE(inlay::set(trailing, false));
        ASSERT_TRUE(inlay::set(null, false));
        ASSERT_TRUE(inlay::set(almost_encoded, false));
    }
}

TEST(NameText, SoAreSwitchesAndStaticCalls) {
    for (const bool applied : {false, true}) {
        if (applied) {
            ASSERT_TRUE(inlay::apply());
        }
        ASSERT_TRUE(inlay::set(way_b, 3));
        EXPECT_EQ(ways(), 3U);
        ASSERT_TRUE(inlay::set(way_a, 2));
        EXPECT_EQ(ways(), 23U);
        ASSERT_TRUE(inlay::update(call_a, &two));
        EXPECT_EQ(calls(0), 201);
        ASSERT_TRUE(inlay::update(call_a, &one));
        ASSERT_TRUE(inlay::set(way_a, 0));
        ASSERT_TRUE(inlay::set(way_b, 0));
    }
}

TEST(NameText, SoAreFeatures) {
    ASSERT_TRUE(inlay::apply());
    EXPECT_EQ(sites(), 0);
    setenv("INLAY_FEATURES",
           "+text.feature\xc0\x80"
           "b",
           1); // NOLINT(concurrency-mt-unsafe)
    ASSERT_TRUE(inlay::apply());
    EXPECT_EQ(sites(), 1);
    EXPECT_EQ(chosen(0), 102);
    setenv("INLAY_FEATURES", "+text.feature", 1); // NOLINT(concurrency-mt-unsafe)
    EXPECT_EQ(inlay::apply().error(), inlay::error::override_unknown);
    unsetenv("INLAY_FEATURES"); // NOLINT(concurrency-mt-unsafe)
    ASSERT_TRUE(inlay::apply());
    EXPECT_EQ(sites(), 0);
    inlay::set(feature_a, true);
    ASSERT_TRUE(inlay::apply());
    EXPECT_EQ(sites(), 10);
    EXPECT_EQ(chosen(0), 201);
}

TEST(NameText, IsTerminatedByItsOnlyNull) {
    EXPECT_STREQ(feature_a.text(), "text.feature\xc0\x80"
                                   "a");
    EXPECT_STREQ(inlay::cpu.sse2.text(), "sse2");
    EXPECT_EQ(sizeof(inlay::detail::name_text<"ab">::value), 3U);
    EXPECT_EQ(sizeof(inlay::detail::name_text<"a\0b\0">::value), 7U);
}

// NOLINTEND(*-avoid-magic-numbers)

} // namespace
