// SPDX-License-Identifier: BSL-1.0
//
// Predicates simplify at compile time; the rest is evaluated as written, for every mask.
#include <inlay/inlay.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string_view>

namespace {

using inlay::always, inlay::never, inlay::when;

inline constexpr inlay::feature<"predicate.a", inlay::by_hand{}> a;
inline constexpr inlay::feature<"predicate.b", inlay::by_hand{}> b;
inline constexpr inlay::feature<"predicate.c", inlay::by_hand{}> c;

template <class A, class B>
consteval bool same(A, B) {
    return std::is_same_v<std::remove_cv_t<A>, std::remove_cv_t<B>>;
}

static_assert(same(!!a, a) && same(!(a && b), !a || !b) && same(!(a || !b), !a && b), "negations sink to the features");
static_assert(same(a && always, a) && same(always && a, a) && same(a || never, a), "units go");
static_assert(same(a && never, never) && same(a || always, always), "zeros win");
static_assert(same(a && !a, never) && same(a || !a, always) && same(a && b && !a, never), "contradictions");
static_assert(same(a && a, a) && same(a && b && a, a&& b) && same(a || b || b, a || b), "duplicates");
static_assert(same(a && (a || b), a) && same((a || b) && a, a) && same(a || (a && b), a) && same((b && a) || a, a),
              "absorption");
static_assert(same(a && (b && c), (a && b) && c), "associativity");
static_assert(same(!always, never) && same(!never, always));

using namespace inlay::x86::insn;

inline constexpr inlay::x86::address_register accumulator{0}; // rax, or eax in 32-bit mode

// NOLINTBEGIN(*-avoid-magic-numbers)
template <auto Predicate>
bool holds() {
    static constexpr auto site =
        inlay::alternative<mov(eax, 0), when<Predicate, mov(eax, 1)>>{}.template returns<accumulator, int>();
    return site() == 1;
}

// ---- As text

using std::string_view_literals::operator""sv;

static_assert(inlay::text_of(a) == "predicate.a"sv && inlay::text_of(!a) == "!predicate.a"sv);
static_assert(inlay::text_of(always) == "always"sv && inlay::text_of(a && !a) == "never"sv);
static_assert(inlay::text_of(inlay::cpu.sse2 && !inlay::cpu.xenpv) == "sse2 && !xenpv"sv);
static_assert(inlay::text_of(a || b || c) == "predicate.a || predicate.b || predicate.c"sv);
static_assert(inlay::text_of(a && (b || !c)) == "predicate.a && (predicate.b || !predicate.c)"sv);
static_assert(inlay::text_of((a && b) || c) == "(predicate.a && predicate.b) || predicate.c"sv);
static_assert(inlay::text_of(!(a && (b || c))) == "!predicate.a || (!predicate.b && !predicate.c)"sv);

TEST(Predicate, IsTextAtRunTimeAsWell) {
    const auto predicate = a && !b;
    const char* const text = inlay::text_of(predicate);
    EXPECT_STREQ(text, "predicate.a && !predicate.b");
    EXPECT_EQ(text, inlay::text_of(a && !b));
}

int probed = 0;
inline constexpr inlay::feature<"predicate.probed",
                                [] {
                                    ++probed;
                                    return true;
                                }>
    once;

TEST(Predicate, EvaluatesAsWritten) {
    for (unsigned mask = 0; mask < 8; ++mask) {
        SCOPED_TRACE(mask);
        const bool has_a = (mask & 1) != 0;
        const bool has_b = (mask & 2) != 0;
        const bool has_c = (mask & 4) != 0;
        inlay::set(a, has_a);
        inlay::set(b, has_b);
        inlay::set(c, has_c);
        ASSERT_TRUE(inlay::apply());
        EXPECT_EQ((holds<a>()), has_a);
        EXPECT_EQ((holds<!a>()), !has_a);
        EXPECT_EQ((holds<a && b>()), has_a && has_b);
        EXPECT_EQ((holds<a || b>()), has_a || has_b);
        EXPECT_EQ((holds<a && b && c>()), has_a && has_b && has_c);
        EXPECT_EQ((holds<a || b || c>()), has_a || has_b || has_c);
        EXPECT_EQ((holds<!(a && b) || c>()), !(has_a && has_b) || has_c);
        EXPECT_EQ((holds<(a || b) && !(b && c)>()), (has_a || has_b) && !(has_b && has_c));
        EXPECT_EQ((holds<(a && !b) || (b && !a)>()), has_a != has_b);
        EXPECT_TRUE((holds<always>()));
        EXPECT_FALSE(inlay::has<never>); // as a `when`, it would be an error
    }
}

TEST(Predicate, IsProbedOnceARun) {
    EXPECT_TRUE((holds<once>() || !holds<once>()));
    EXPECT_TRUE((holds<once && a>() || !holds<once && !a>()));
    (void)holds<!once>();
    const int before = probed;
    ASSERT_TRUE(inlay::apply());
    EXPECT_EQ(probed, before + 1);
    EXPECT_TRUE((holds<once>()));
}
// NOLINTEND(*-avoid-magic-numbers)

} // namespace
