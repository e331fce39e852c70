// SPDX-License-Identifier: BSL-1.0
//
// proof: a function that needs a feature takes a proof of it.
//
//     uint64_t read_counter(inlay::proof_of<cpu.pmuv3>);          // cannot be called without
//
//     if (auto pmu = inlay::proof<cpu.pmuv3>()) {                      // a patched branch, as of has<...>
//         use(read_counter(pmu));
//     }
//
// How it works. proof() asks has<...>, and returns a condition. If the condition holds, it converts to the proof: an
// empty value that code can pass on. No other expression makes a proof, so a call without a proof does not compile. The
// conversion asks again. Inside the `if`, this costs nothing, since the compiler knows the answer. Without the `if`,
// the conversion ends the program if the feature is absent. Before apply() no proof exists. A proof of several features
// is a proof of each: a proof_of<a && b> converts to a proof_of<a>. A forced feature (INLAY_FEATURES,
// override_features(), set()) is proven as well, at the risk of the user who forced it.
#pragma once

#include "inlay/has.hpp"
#include "inlay/traits.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

template <auto Predicate>
    requires predicate<decltype(Predicate)>
class proof_of;
template <auto Predicate>
class maybe_proof;

namespace detail {

/// Whether predicate A implies predicate B, as far as their types show it.
template <class A, class B>
inline constexpr bool says = detail::same<A, B> || detail::same<B, always_t>;
template <class... Members, class B>
inline constexpr bool says<all_of<Members...>, B> = detail::same<all_of<Members...>, B> || one_of<B, Members...>;
template <class... Members, class... Others>
inline constexpr bool says<all_of<Members...>, all_of<Others...>> = (one_of<Others, Members...> && ...);

template <auto A, auto B>
inline constexpr bool proves = says<detail::plain<decltype(A)>, detail::plain<decltype(B)>>;

template <class From, auto To>
inline constexpr bool leads_to_proof = false;
template <auto From, auto To>
inline constexpr bool leads_to_proof<proof_of<From>, To> = proves<From, To>;
template <auto From, auto To>
inline constexpr bool leads_to_proof<maybe_proof<From>, To> = proves<From, To>;

} // namespace detail

/// Proves that `Predicate` holds on this machine, as apply() found. Empty.
template <auto Predicate>
    requires predicate<decltype(Predicate)>
class proof_of {
public:
    /// From a proof of more.
    template <auto Other>
        requires(detail::proves<Other, Predicate>)
    // NOLINTNEXTLINE(google-explicit-constructor): nothing is lost
    constexpr proof_of(proof_of<Other> /*more*/) noexcept {}

    /// Refused, with a sentence: only a probe makes proofs.
    template <class Missing = void>
    constexpr proof_of() noexcept {
        static_assert(!detail::is_void<Missing>, "inlay: only inlay::proof hands out a proof of a feature: if (auto "
                                                 "pmu = inlay::proof<cpu.pmuv3>()) { f(pmu); }");
    }
    template <class Other>
        requires(!detail::leads_to_proof<Other, Predicate>)
    // NOLINTNEXTLINE(google-explicit-constructor): for the sentence
    constexpr proof_of(const Other& /*no proof*/) noexcept {
        static_assert(detail::is_void<Other>,
                      "inlay: this is no proof of that feature: only inlay::proof hands it out: if "
                      "(auto pmu = inlay::proof<cpu.pmuv3>()) { f(pmu); }");
    }

private:
    template <auto Any>
    friend class maybe_proof;
    struct asked {};
    constexpr explicit proof_of(asked /*and answered*/) noexcept {}
};

/// The result of proof(): true if it leads to a proof.
template <auto Predicate>
class [[nodiscard("inlay: whether the proof exists: if (auto pmu = inlay::proof<cpu.pmuv3>()) ...")]] maybe_proof {
public:
    [[gnu::always_inline]] explicit operator bool() const noexcept { return holds_; }

    /// The proof. Ends the program without one.
    template <auto Part>
        requires(detail::proves<Predicate, Part>)
    // NOLINTNEXTLINE(google-explicit-constructor): it becomes an argument of type proof_of
    [[gnu::always_inline]] operator proof_of<Part>() const noexcept {
        if (!holds_) {
            __builtin_trap();
        }
        return proof_of<Part>{typename proof_of<Part>::asked{}};
    }

    /// As found by has<Predicate>.
    [[gnu::always_inline]] static maybe_proof ask() noexcept {
        return maybe_proof{likely(has_t<detail::plain<decltype(Predicate)>>{})};
    }

private:
    [[gnu::always_inline]] explicit maybe_proof(bool holds) noexcept : holds_{holds} {}
    bool holds_;
};

/// Asks for a proof: of one feature, or of a predicate. Thread-safe before and after apply(), not during it.
template <auto Predicate>
    requires predicate<decltype(Predicate)>
[[nodiscard("inlay: whether the proof exists: if (auto pmu = inlay::proof<cpu.pmuv3>()) ..."),
  gnu::always_inline]] inline maybe_proof<Predicate>
proof() noexcept {
    return maybe_proof<Predicate>::ask();
}

} // namespace inlay
