// SPDX-License-Identifier: BSL-1.0
//
// wins: finds a `when` that can never win. This is an error.
//
//     alternative<mfence(), when<cpu.sse2 && !cpu.xenpv, lock_add()>, when<cpu.sse2, lfence()>>      // the first never wins
//
// How it works. A `when` wins on machines where its predicate holds and no later predicate holds. The check cannot
// know all machines, so it tries all combinations of the features' values: 64 at once, as the bits of a word. Then a
// predicate is a word as well, and its operators are the operators of words. The first six features are words that
// differ in each bit. For more features, up to twelve, each combination is a round. Beyond twelve features, the check
// refuses only plain cases. These are a predicate that never holds, a predicate that a later `when` repeats, and any
// predicate before a `when` that always holds. The check ignores that a feature may imply another one (every processor
// with AVX has SSE).
#pragma once

#include "inlay/feature.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {

/// Whether two features have one name: a name is an identity. (By characters, since under UBSan GCC takes no comparison
/// of addresses for a constant.)
constexpr bool equal_names(const char* a, const char* b) noexcept {
    while (*a == *b && *a != '\0') {
        ++a;
        ++b;
    }
    return *a == *b;
}

/// The features of some predicates, and the values of them that are tried in this round.
struct tried {
    static constexpr unsigned in_a_word = 6;
    static constexpr unsigned most = 12;

    const char* features[most]{}; // NOLINT(*-avoid-c-arrays): no header for std::array
    unsigned count{};
    bool too_many{};
    unsigned round{};

    constexpr void add(const char* one) noexcept {
        for (unsigned i = 0; i < count; ++i) {
            if (equal_names(features[i], one)) {
                return;
            }
        }
        if (count == most) {
            too_many = true;
        } else {
            features[count++] = one;
        }
    }

    [[nodiscard]] constexpr unsigned rounds() const noexcept {
        return count <= in_a_word ? 1 : 1U << (count - in_a_word);
    }

    /// Bit n is the value of the feature in the n-th case of this round.
    [[nodiscard]] constexpr uint64_t value(const char* one) const noexcept {
        constexpr uint64_t words[in_a_word]{0xaaaaaaaaaaaaaaaa, 0xcccccccccccccccc, 0xf0f0f0f0f0f0f0f0,
                                            0xff00ff00ff00ff00, 0xffff0000ffff0000, 0xffffffff00000000};
        unsigned number = 0;
        while (!equal_names(features[number], one)) {
            ++number;
        }
        return number < in_a_word ? words[number] : (round >> (number - in_a_word) & 1U) != 0 ? ~uint64_t{} : 0;
    }
};

/// The names of a predicate's features, and its value in the cases of a round.
template <class Predicate>
struct truth {
    static constexpr void name(tried& all) noexcept { all.add(Predicate::text()); }
    static constexpr uint64_t value(const tried& all) noexcept { return all.value(Predicate::text()); }
};
template <>
struct truth<always_t> {
    static constexpr void name(tried& /*all*/) noexcept {}
    static constexpr uint64_t value(const tried& /*all*/) noexcept { return ~uint64_t{}; }
};
template <>
struct truth<never_t> {
    static constexpr void name(tried& /*all*/) noexcept {}
    static constexpr uint64_t value(const tried& /*all*/) noexcept { return 0; }
};
template <class Predicate>
struct truth<not_<Predicate>> {
    static constexpr void name(tried& all) noexcept { truth<Predicate>::name(all); }
    static constexpr uint64_t value(const tried& all) noexcept { return ~truth<Predicate>::value(all); }
};
template <class... Predicates>
struct truth<all_of<Predicates...>> {
    static constexpr void name(tried& all) noexcept { (truth<Predicates>::name(all), ...); }
    static constexpr uint64_t value(const tried& all) noexcept { return (truth<Predicates>::value(all) & ...); }
};
template <class... Predicates>
struct truth<any_of<Predicates...>> {
    static constexpr void name(tried& all) noexcept { (truth<Predicates>::name(all), ...); }
    static constexpr uint64_t value(const tried& all) noexcept { return (truth<Predicates>::value(all) | ...); }
};

/// For each of a list: whether it can hold, and whether it can win. Both are true if types do not tell.
template <size_t Count>
struct chances {
    bool holds[Count + 1]{}; // NOLINT(*-avoid-c-arrays)
    bool wins[Count + 1]{};  // NOLINT(*-avoid-c-arrays)
};

template <class First, class... Later>
consteval bool plainly_loses() {
    return (false || ... || (detail::same<Later, First> || detail::same<Later, always_t>));
}
template <size_t Count>
consteval void find_plain_chances(chances<Count>& /*out*/) {}
template <size_t Count, class First, class... Later>
consteval void find_plain_chances(chances<Count>& out) {
    constexpr size_t at = Count - 1 - sizeof...(Later);
    out.holds[at] = !detail::same<First, never_t>;
    out.wins[at] = !plainly_loses<First, Later...>();
    find_plain_chances<Count, Later...>(out);
}

template <class... Predicates>
consteval chances<sizeof...(Predicates)> chances_of() {
    constexpr size_t count = sizeof...(Predicates);
    chances<count> out{};
    tried all{};
    (truth<Predicates>::name(all), ...);
    if (all.too_many) {
        find_plain_chances<count, Predicates...>(out);
        return out;
    }
    for (; all.round < all.rounds(); ++all.round) {
        const uint64_t values[]{truth<Predicates>::value(all)..., 0}; // NOLINT(*-avoid-c-arrays)
        uint64_t later = 0;
        for (size_t i = count; i-- > 0;) {
            out.holds[i] = out.holds[i] || values[i] != 0;
            out.wins[i] = out.wins[i] || (values[i] & ~later) != 0;
            later |= values[i];
        }
    }
    return out;
}

/// With everything in its type, so that a compiler's message names the `when`.
template <class Predicate, unsigned Ordinal, bool Holds, bool Wins>
struct a_when_can_win {
    static_assert(Holds,
                  "inlay: the predicate of a `when` never holds; `Predicate` is that one, `Ordinal` the "
                  "number of its `when`, from 1. Remove it, or correct its predicate. If software turns the property "
                  "on, use a feature of your own: feature<\"app.x\", by_hand{}>");
    static_assert(
        Wins || !Holds,
        "inlay: a `when` never wins: wherever its predicate holds, that of a later `when` holds as well, and "
        "the last one that holds wins. `Predicate` is its own, `Ordinal` its number, from 1. "
        "Write the special case after the general one: when<cpu.sse2, ...>, when<cpu.sse2 && !cpu.xenpv, ...>");
    static constexpr bool value = true;
};

/// The results for a list, computed once.
template <class... Whens>
struct found_of {
    static constexpr auto chances = chances_of<detail::plain<decltype(Whens::holds)>...>();
};
template <class Found, unsigned Ordinal>
consteval bool each_can_win() {
    return true;
}
template <class Found, unsigned Ordinal, class When, class... Whens>
consteval bool each_can_win() {
    return a_when_can_win<detail::plain<decltype(When::holds)>, Ordinal, Found::chances.holds[Ordinal - 1],
                          Found::chances.wins[Ordinal - 1]>::value &&
           each_can_win<Found, Ordinal + 1, Whens...>();
}

/// True, or an error that names each `when` that can never win.
template <class... Whens>
consteval bool each_when_can_win() {
    return each_can_win<found_of<Whens...>, 1, Whens...>();
}

} // namespace detail
} // namespace inlay
