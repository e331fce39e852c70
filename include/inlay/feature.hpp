// SPDX-License-Identifier: BSL-1.0
//
// feature: a yes/no property of this machine; and predicates over features.
//
//     inline constexpr inlay::feature<"app.x", inlay::by_hand{}> x;        // your own: set before apply()
//     inline constexpr inlay::feature<"big", [] { return pages() > 9; }> big;
//     inlay::set(x, true);
//     inlay::alternative<nop(3), when<cpu.smap && !x, stac()>> a;
//
// How it works. A feature is an empty object: its type holds a name and a probe. No central list exists, and no number
// that could collide. Each feature that an alternative uses has one cell in memory, and apply() probes it once.
// Predicates are types as well. `&&`, `||` and `!` simplify at once (`!!a` is `a`, `a && !a` is never, `a && (a || b)`
// is `a`), and negations move down to the features. The remaining predicate becomes a tree of nodes in memory; apply()
// evaluates it once.
//
// Compare Linux's X86_FEATURE_* numbers, ALT_NOT() and setup_force_cpu_cap().
#pragma once

#include "inlay/name.hpp"
#include "inlay/table.hpp"
#include "inlay/traits.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

/// A probe for features that software sets (Linux's synthetic bits): false until `set(feature, true)`.
struct by_hand {};

/// A feature called `Name`, found by `Probe`: `by_hand{}`, an architecture's probe (such as
/// `x86::cpuid{...}`), or a captureless function `bool()` that apply() calls once.
template <name Name, auto Probe>
struct feature {
    static_assert(!Name.empty(), "inlay: a feature needs a name: feature<\"app.x\", probe>");

    /// The name as in the tables and reports.
    static constexpr const char* text() noexcept { return detail::name_text<Name>::value.text; }
    static constexpr auto probe() noexcept { return Probe; }

    /// The value that apply() found, and the value that set() asked for. One per process image.
    [[gnu::visibility("hidden")]] static inline constinit table::feature_cell cell{};
};

/// The predicates that need no probe.
struct always_t {};
struct never_t {};
inline constexpr always_t always{};
inline constexpr never_t never{};

/// `!Feature`. Only features are negated: negations of groups are pushed down to them.
template <class Feature>
struct not_ {};

/// All, or any, of two or more predicates.
template <class... Predicates>
struct all_of {};
template <class... Predicates>
struct any_of {};

namespace detail {

template <class T>
inline constexpr bool is_feature = false;
template <name Name, auto Probe>
inline constexpr bool is_feature<feature<Name, Probe>> = true;

template <class T>
inline constexpr bool is_predicate = is_feature<T> || detail::same<T, always_t> || detail::same<T, never_t>;
template <class T>
inline constexpr bool is_predicate<not_<T>> = true;
template <class... T>
inline constexpr bool is_predicate<all_of<T...>> = true;
template <class... T>
inline constexpr bool is_predicate<any_of<T...>> = true;

template <class T>
struct negation {
    using type = not_<T>;
};
template <>
struct negation<always_t> {
    using type = never_t;
};
template <>
struct negation<never_t> {
    using type = always_t;
};
template <class T>
struct negation<not_<T>> {
    using type = T;
};
template <class... T>
struct negation<all_of<T...>> {
    using type = any_of<typename negation<T>::type...>;
};
template <class... T>
struct negation<any_of<T...>> {
    using type = all_of<typename negation<T>::type...>;
};

// A junction is all_of or any_of. It may drop the part `Unit` (always_t for all_of); the part `Zero` decides it alone.
template <template <class...> class Junction>
struct rules;
template <>
struct rules<all_of> {
    using unit = always_t;
    using zero = never_t;
    template <class... T>
    using dual = any_of<T...>;
};
template <>
struct rules<any_of> {
    using unit = never_t;
    using zero = always_t;
    template <class... T>
    using dual = all_of<T...>;
};

template <class T, class... List>
inline constexpr bool one_of = (detail::same<T, List> || ...);

// a && (a || b) is a, a || (a && b) is a: `T` adds nothing to a junction that has one of T's own members.
template <class T, template <class...> class Junction, class... List>
inline constexpr bool absorbed = one_of<T, List...>;
template <class... Members, class... List>
inline constexpr bool absorbed<any_of<Members...>, all_of, List...> =
    one_of<any_of<Members...>, List...> || (one_of<Members, List...> || ...);
template <class... Members, class... List>
inline constexpr bool absorbed<all_of<Members...>, any_of, List...> =
    one_of<all_of<Members...>, List...> || (one_of<Members, List...> || ...);

// The reverse: members of the list that are dual junctions with T among their members disappear.
template <class Member, class T, template <class...> class Junction>
inline constexpr bool absorbs = false;
template <class... Members, class T>
inline constexpr bool absorbs<any_of<Members...>, T, all_of> = one_of<T, Members...>;
template <class... Members, class T>
inline constexpr bool absorbs<all_of<Members...>, T, any_of> = one_of<T, Members...>;

template <template <class...> class Junction, class Kept, class... Rest>
struct without;
template <template <class...> class Junction, class... Kept, class T>
struct without<Junction, Junction<Kept...>, T> {
    using type = Junction<Kept...>;
};
template <template <class...> class Junction, class... Kept, class T, class Head, class... Tail>
struct without<Junction, Junction<Kept...>, T, Head, Tail...>
    : detail::either<absorbs<Head, T, Junction>, without<Junction, Junction<Kept...>, T, Tail...>,
                     without<Junction, Junction<Kept..., Head>, T, Tail...>> {};

// Adds the predicates of the second list to the first one, one at a time.
template <template <class...> class Junction, class Sofar, class... Rest>
struct junction;

template <template <class...> class Junction, class Sofar, class T>
struct appended;
template <template <class...> class Junction, class... List, class T>
struct appended<Junction, Junction<List...>, T> {
    using type = Junction<List..., T>;
};

template <template <class...> class Junction, class... List>
struct junction<Junction, Junction<List...>> {
    using type = Junction<List...>;
};
template <template <class...> class Junction, class Only>
struct junction<Junction, Junction<Only>> {
    using type = Only;
};
template <template <class...> class Junction>
struct junction<Junction, Junction<>> {
    using type = typename rules<Junction>::unit;
};
template <template <class...> class Junction, class... List, class... Members, class... Rest>
struct junction<Junction, Junction<List...>, Junction<Members...>, Rest...>
    : junction<Junction, Junction<List...>, Members..., Rest...> {};
template <template <class...> class Junction, class... List, class Head, class... Rest>
struct junction<Junction, Junction<List...>, Head, Rest...> {
    static constexpr auto choose() {
        using law = rules<Junction>;
        using opposite = typename negation<Head>::type;
        if constexpr (detail::same<Head, typename law::zero> || one_of<opposite, List...>) {
            return detail::type_is<typename law::zero>{};
        } else if constexpr (detail::same<Head, typename law::unit> || absorbed<Head, Junction, List...>) {
            return junction<Junction, Junction<List...>, Rest...>{};
        } else {
            using cleared = typename without<Junction, Junction<>, Head, List...>::type;
            return junction<Junction, typename appended<Junction, cleared, Head>::type, Rest...>{};
        }
    }
    using type = typename decltype(choose())::type;
};

// A && B. A is already simple and stays unchanged: the operator looks only at B's parts, one after the other.
template <template <class...> class Junction, class A, class B>
struct joined_by : junction<Junction, Junction<>, A, B> {};
template <template <class...> class Junction, class... Members, class B>
struct joined_by<Junction, Junction<Members...>, B> : junction<Junction, Junction<Members...>, B> {};

} // namespace detail

/// A feature, or features combined by `&&`, `||` and `!`.
template <class T>
concept predicate = detail::is_predicate<detail::plain<T>>;

// Predicates are types: && and || cannot evaluate anything too early.
#if !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Weffc++"
#endif

template <predicate A, predicate B>
[[nodiscard]] consteval auto operator&&(A, B) {
    return typename detail::joined_by<all_of, detail::plain<A>, detail::plain<B>>::type{};
}

template <predicate A, predicate B>
[[nodiscard]] consteval auto operator||(A, B) {
    return typename detail::joined_by<any_of, detail::plain<A>, detail::plain<B>>::type{};
}

#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

template <predicate A>
[[nodiscard]] consteval auto operator!(A) {
    return typename detail::negation<detail::plain<A>>::type{};
}

/// Sets a feature that is found by hand; takes effect at the next apply(). Not thread-safe; call it during
/// set-up, before apply() decides (Linux: features are set before alternatives are applied).
template <name Name>
[[gnu::visibility("hidden")]] void set(const feature<Name, by_hand{}>&, bool value) noexcept {
    feature<Name, by_hand{}>::cell.by_hand = value ? 1 : 0;
}

/// Refused: a probed feature is not set by hand. (INLAY_FEATURES, or override_features(), forces any feature.)
template <name Name, auto Probe>
void set(const feature<Name, Probe>&, bool) noexcept {
    static_assert(detail::same<detail::plain<decltype(Probe)>, by_hand>,
                  "inlay: only a feature that is found by_hand{} can be set; force others by INLAY_FEATURES=+name");
}

} // namespace inlay
