// SPDX-License-Identifier: BSL-1.0
//
// apply_at_load: the program or library is patched when it is loaded, before constructors of a default priority run.
//
//     #include <inlay/apply_at_load.hpp>         // in one unit; that is all
//
//     if (!inlay::outcome_at_load()) ...         // whether it went well
//
// How it works. A constructor of priority 101, the lowest number for programs, calls apply(). It is for plugins,
// and for libraries without an initialising function. Values are right without it: an image takes over the values of
// its keys and calls when it is loaded (images.hpp). But until apply(), its sites read them from memory.
//
// Include it in a unit for any processor: the constructor runs on each. Features set by hand must be set by then.
#pragma once

#include "inlay/process.hpp"

namespace inlay {

namespace detail {

// Each image needs its own object, and a constructor is the purpose; Clang can warn of both.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wunique-object-duplication"
#pragma GCC diagnostic ignored "-Wglobal-constructors"
/// Each image has one.
[[gnu::visibility("hidden")]] inline constinit outcome at_load{};

[[gnu::constructor(101), gnu::used]] static void apply_at_load() noexcept { at_load = apply(); }
#pragma GCC diagnostic pop

} // namespace detail

inline namespace INLAY_TARGET {

/// The outcome of apply() when this image was loaded.
[[nodiscard, gnu::visibility("hidden")]] inline const outcome& outcome_at_load() noexcept { return detail::at_load; }

} // namespace INLAY_TARGET

} // namespace inlay
