// SPDX-License-Identifier: BSL-1.0
//
// static_key: a branch without the load and the compare.
//
//     inline constexpr inlay::static_key<"app.trace"> trace;     // false; static_key<"app.trace", true>: true
//     if (trace) log(...);                 // one nop while it is off
//     if (likely(trace)) ...               // laid out as if it were on; unlikely(): as if it were off
//     inlay::set(trace, true);             // poke.hpp; at any time, other threads running
//
// How it works. Each use is one instruction and a record of 12 bytes in section inlay_keys. Before apply(), it is a
// jump to out-of-line code that reads the value from memory, so that set() works before apply(). Then apply() makes it
// a nop or a jump, and set() rewrites the key's sites: the value is in the instructions. The compiler makes the
// branches (asm goto), so it optimises both sides as for any `if`. The jump always has 5 bytes on x86, 4 on AArch64.
//
// `if (!key)` and `key && x` work as well. The initial value decides which side the compiler lays out as the likely
// one.
//
// A name is an identity: a key is the same in all units, shared libraries and plugins of a process.
// Compare Linux's DEFINE_STATIC_KEY_FALSE, static_branch_unlikely() (jump_label.h).
#pragma once

#include "inlay/named.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {

/// The type of a key, for other images to compare.
template <bool Initial>
struct key;

} // namespace detail

/// A boolean of the process that is read without touching memory; `Initial` until it is set. Reading is thread-safe,
/// also while it is set.
template <name Name, bool Initial = false>
struct static_key {
    static_assert(!Name.empty(), "inlay: a static key needs a name: static_key<\"app.trace\">");

    /// Each image has one.
    [[gnu::visibility("hidden")]] static inline constinit table::cell state{
        .value = Initial ? 1U : 0U, .state = {.enabled = Initial ? 1 : 0, .hash = detail::name_text<Name>::hash}};

    /// The value, laid out as if it were `Expected`.
    template <bool Expected>
    [[nodiscard, gnu::always_inline]] static inline bool test() noexcept {
        describe();
        return __builtin_expect(static_cast<long>(emit::key_site<static_key, Expected>()), Expected) != 0;
    }

    // NOLINTNEXTLINE(google-explicit-constructor): it is a condition
    [[gnu::always_inline]] inline operator bool() const noexcept { return test<Initial>(); }

    /// Writes the descriptions that a unit needs; no instruction.
    [[gnu::always_inline]] static inline void describe() noexcept {
        detail::describe_named<static_key, Name, detail::key<Initial>>();
    }
};

// Macros of these names with one parameter are common in kernels; parentheses keep them away.

/// The key's value; its branch is laid out as if it were on.
template <name Name, bool Initial>
[[nodiscard, gnu::always_inline]] inline bool(likely)(const static_key<Name, Initial>& /*key*/) noexcept {
    return static_key<Name, Initial>::template test<true>();
}

/// The key's value; its branch is laid out as if it were off.
template <name Name, bool Initial>
[[nodiscard, gnu::always_inline]] inline bool(unlikely)(const static_key<Name, Initial>& /*key*/) noexcept {
    return static_key<Name, Initial>::template test<false>();
}

} // namespace inlay
