// SPDX-License-Identifier: BSL-1.0
//
// self_test: tests on the text itself whether apply() patched this image.
//
//     auto done = inlay::apply(inlay::this_image(), kernel);
//     if (!inlay::is_patched()) { ... }         // or:
//     inlay::trap_unless_patched();
//
// How it works. The test is a separate site: an alternative whose `when` always holds. Before apply() it says no.
// Afterwards it says yes, if apply() found this image's records and wrote where the processor fetches, and if the
// caches are in order. An outcome is not enough: it is also good if a linker script has dropped the records, or if
// apply() patched another image's tables. Each use is a site; do not inline it into text that another image patches.
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
