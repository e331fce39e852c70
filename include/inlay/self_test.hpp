// SPDX-License-Identifier: BSL-1.0
//
// self_test: whether this image's sites were patched at all, asked of the text itself.
//
//     auto done = inlay::apply(inlay::this_image(), kernel);
//     if (!inlay::is_patched()) { ... }         // or:
//     inlay::trap_unless_patched();
//
// How it works. The question is a site of its own: an alternative whose `when` always holds. Before apply() it says no;
// after it yes, if apply() found this image's records, wrote where the processor fetches, and the caches are in order.
// An outcome says what apply() meant to do: it is good, too, if a linker script has dropped the records, or if another
// image's tables were applied. Each use is a site; take one that is not inlined into text that is patched elsewhere.
//
// Compare alt_reloc_selftest() and the self test of int3 in Linux's alternative.c.
#pragma once

#include "inlay/has.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

/// Whether apply() has patched this place. Thread-safe before and after apply(), not during it.
[[nodiscard, gnu::always_inline]] inline bool is_patched() noexcept {
    detail::describe_predicate<always_t>::run();
    detail::describe_form<detail::no_jump()>();
    return emit::predicate_site<always_t, detail::of_code<detail::no_jump()>, true>();
}

/// Ends the program with a trap, unless apply() has patched this place.
[[gnu::always_inline]] inline void trap_unless_patched() noexcept {
    if (!is_patched()) {
        __builtin_trap();
    }
}

} // namespace inlay
