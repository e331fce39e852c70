// SPDX-License-Identifier: BSL-1.0
//
// has: a branch by a predicate over features, without the load and the compare.
//
//     if (inlay::has<cpu.pcid && !cpu.xenpv>) ...      // patched: a nop, or a jump
//     if (likely(inlay::has<cpu.avx2>)) ...            // laid out as if it held; otherwise: as if it did not
//
// How it works. Each use is an alternative of one instruction: a nop or a jump. Each use has separate forms, since its
// jump has a separate target. Before apply() the answer is no on every processor; afterwards it is the predicate's
// value. Unlike a static key, has<> has no cell in memory and does not change while threads run: only apply() changes
// it, with the features. The compiler makes the branches (asm goto), so it optimises both sides as for any `if`. A site
// takes 5 bytes of text on x86, 4 on AArch64, and some 65 bytes of tables.
//
// Compare Linux's static_cpu_has(), alternative_has_cap_likely() and alternative_has_cap_unlikely().
#pragma once

#include "inlay/anchor.hpp"
#include "inlay/arch/arch.hpp"
#include "inlay/describe.hpp"
#include "inlay/feature.hpp"
#include "inlay/traits.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {

/// The nop in place of a jump.
consteval code<> no_jump() { return arch::insn::nop(arch::emit::branch_site_length); }

} // namespace detail

/// The type of has<...>, by the type of the predicate.
template <class Predicate>
struct has_t {
    /// The predicate's value, with the code laid out for `Expected`. False before apply().
    template <bool Expected>
    [[nodiscard, gnu::always_inline]] static inline bool test() noexcept {
        if constexpr (detail::same<Predicate, always_t> || detail::same<Predicate, never_t>) {
            return detail::same<Predicate, always_t>;
        } else {
            detail::describe_predicate<Predicate>::run();
            detail::describe_form<detail::no_jump()>();
            return __builtin_expect(
                       static_cast<long>(
                           emit::predicate_site<Predicate, detail::of_code<detail::no_jump()>, Expected>()),
                       Expected) != 0;
        }
    }

    // NOLINTNEXTLINE(google-explicit-constructor): it is a condition
    [[gnu::always_inline]] inline operator bool() const noexcept { return test<false>(); }
};

/// Whether the predicate holds on this processor, as apply() found. Thread-safe before and after apply(), not during
/// it.
template <auto Predicate>
    requires predicate<decltype(Predicate)>
inline constexpr has_t<detail::plain<decltype(Predicate)>> has{};

// As for static keys.

/// Whether the predicate holds; its branch is laid out as if it did.
template <class Predicate>
[[nodiscard, gnu::always_inline]] inline bool(likely)(const has_t<Predicate>& /*which*/) noexcept {
    return has_t<Predicate>::template test<true>();
}

/// Whether the predicate holds; its branch is laid out as if it did not.
template <class Predicate>
[[nodiscard, gnu::always_inline]] inline bool(unlikely)(const has_t<Predicate>& /*which*/) noexcept {
    return has_t<Predicate>::template test<false>();
}

} // namespace inlay
