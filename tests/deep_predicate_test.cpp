// SPDX-License-Identifier: BSL-1.0
//
// Predicates of many features, and nested ones: apply() decides as the operators of C++ do.
#include <inlay/inlay.hpp>

#include <gtest/gtest.h>

#include <array>
#include <utility>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using inlay::when;
using namespace inlay::x86::insn;

template <std::size_t I>
consteval inlay::name<4> number() {
    const char text[4] = {'f', static_cast<char>('0' + I / 10), static_cast<char>('0' + I % 10), '\0'};
    return text;
}
template <std::size_t I>
using numbered = inlay::feature<number<I>(), inlay::by_hand{}>;

/// f00 && f01 && ..., and f00 || f01 || ...
template <std::size_t... I>
consteval auto all(std::index_sequence<I...> /*of*/) {
    return (... && numbered<I>{});
}
template <std::size_t... I>
consteval auto any(std::index_sequence<I...> /*of*/) {
    return (... || numbered<I>{});
}

/// Nested, alternately by && and ||: f0I op (...) and, with another feature after it, f0I op (...) op f(99 - I).
template <std::size_t I, std::size_t Count, bool Behind>
consteval auto nest() {
    if constexpr (I + 1 == Count) {
        return numbered<I>{};
    } else if constexpr (I % 2 == 0) {
        if constexpr (Behind) {
            return numbered<I>{} && nest<I + 1, Count, Behind>() && numbered<99 - I>{};
        } else {
            return numbered<I>{} && nest<I + 1, Count, Behind>();
        }
    } else {
        if constexpr (Behind) {
            return numbered<I>{} || nest<I + 1, Count, Behind>() || numbered<99 - I>{};
        } else {
            return numbered<I>{} || nest<I + 1, Count, Behind>();
        }
    }
}

template <auto Predicate>
[[gnu::noinline]] int holds() {
    constexpr inlay::alternative<mov(eax, 0), when<Predicate, mov(eax, 1)>> site{};
    return static_cast<int>(site.template returns<inlay::x86::rax, long>()());
}

constexpr std::size_t many = 40;
std::array<bool, 100> state{};
template <std::size_t... I>
void set_all(std::index_sequence<I...> /*of*/) {
    (inlay::set(numbered<I>{}, state[I]), ...);
}

bool nested(std::size_t i, std::size_t count, bool behind) {
    if (i + 1 == count) {
        return state[i];
    }
    const bool inner = nested(i + 1, count, behind);
    return i % 2 == 0 ? state[i] && inner && (!behind || state[99 - i])
                      : state[i] || inner || (behind && state[99 - i]);
}

void expect_all() {
    set_all(std::make_index_sequence<100>{});
    const auto done = inlay::apply();
    ASSERT_TRUE(done) << inlay::message(done.error());
    bool every = true;
    bool some = false;
    for (std::size_t i = 0; i < many; ++i) {
        every = every && state[i];
        some = some || state[i];
    }
    EXPECT_EQ(holds<all(std::make_index_sequence<many>{})>(), every ? 1 : 0);
    EXPECT_EQ(holds<any(std::make_index_sequence<many>{})>(), some ? 1 : 0);
    EXPECT_EQ((holds<nest<0, 48, false>()>()), nested(0, 48, false) ? 1 : 0);
    EXPECT_EQ((holds<nest<0, 48, true>()>()), nested(0, 48, true) ? 1 : 0);
}

TEST(DeepPredicate, ManyFeatures) {
    expect_all();
    for (const std::size_t one : {0U, 1U, 19U, 20U, 38U, 39U, 46U, 47U, 52U, 99U}) {
        state.fill(false);
        state[one] = true;
        expect_all();
        state.fill(true);
        state[one] = false;
        expect_all();
        for (std::size_t i = 0; i < state.size(); ++i) { // these values keep a nested one open as deep as `one`
            state[i] = (i % 2 == 0) == (i != one);
        }
        expect_all();
    }
}

// A junction's tree is as deep as it must be.
template <class T>
constexpr unsigned depth = inlay::detail::depth_of<std::remove_cv_t<T>>;
template <std::size_t... I>
constexpr unsigned depth_of_all(std::index_sequence<I...> /*of*/) {
    return depth<inlay::all_of<numbered<I>...>>;
}
template <std::size_t Count>
constexpr unsigned depth_of_many = depth_of_all(std::make_index_sequence<Count>{});
static_assert(depth_of_many<2> == 1 && depth_of_many<3> == 2 && depth_of_many<4> == 2 && depth_of_many<5> == 3);
static_assert(depth_of_many<64> == 6 && depth_of_many<65> == 7 && depth_of_many<100> == 7);
static_assert(depth<decltype(nest<0, 48, false>())> == 47);
static_assert(depth<decltype(nest<0, 48, true>())> <= 47 + 8);

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
