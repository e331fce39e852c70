// SPDX-License-Identifier: BSL-1.0
//
// this_kernel: a kernel says once how its text changes, and then changes need no platform.
//
//     template <>
//     struct inlay::this_kernel<> {                            // in a header that each unit with changes includes
//         static inlay::outcome change(const auto& make) noexcept {
//             const text_lock lock;                            // one change at a time
//             return make(live);                               // live: a text_poke, or another text_platform
//         }
//     };
//
//     inlay::set(trace, true);                                 // anywhere after that
//
// How it works. Without a platform, set(), enable(), disable(), update(), choose() and commit() call `change` with a
// function. `change` calls this function with the platform. Without the declaration they do not compile, and the
// message says which declaration is missing. A call with a platform of its own never asks.
#pragma once

#include "inlay/apply/text_platform.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/change/change_list.hpp"
#include "inlay/change/make_change.hpp"
#include "inlay/change/setting.hpp"
#include "inlay/image.hpp"
#include "inlay/outcome.hpp"
#include "inlay/traits.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
inline namespace INLAY_TARGET {

/// Specialised by a kernel, as above, in one header. `change` takes the kernel's lock, calls `make` once with its
/// platform, and returns the outcome.
template <int = 0>
struct this_kernel;

} // namespace INLAY_TARGET

namespace detail {
inline namespace INLAY_TARGET {

/// Whether the kernel has said how its text changes.
template <int Kernel>
inline constexpr bool kernel_declared = requires { sizeof(this_kernel<Kernel>); };

/// Calls `make(platform)` as the kernel says, and returns its outcome.
template <int Kernel, class Make>
[[gnu::visibility("hidden")]] outcome in_kernel(const Make& make) noexcept {
    static_assert(kernel_declared<Kernel>,
                  "inlay: a change without a platform: declare before it how this kernel changes its text, template <> "
                  "struct inlay::this_kernel<> { static inlay::outcome change(const auto& make) noexcept { return "
                  "make(platform); } }; or give the change a platform");
    if constexpr (kernel_declared<Kernel>) {
        constexpr bool right = requires {
            { this_kernel<Kernel>::change(make) } noexcept -> same_as<outcome>;
        };
        static_assert(right, "inlay: inlay::this_kernel<> has static inlay::outcome change(const auto& make) noexcept");
        if constexpr (right) {
            return this_kernel<Kernel>::change(make);
        }
    }
    return {};
}

/// Makes a change in this image by the kernel's own platform. A program has its own function (process.hpp).
template <int Kernel = 0>
[[gnu::visibility("hidden")]] outcome change_name(const table::named& what, const change& how) noexcept {
    return in_kernel<Kernel>([&what, &how](text_platform auto& platform) noexcept {
        return change_tables(this_image(), what, how, platform);
    });
}

/// The same for the changes of a transaction.
template <int Kernel = 0>
[[gnu::visibility("hidden")]] outcome change_names(change_list& list) noexcept {
    return in_kernel<Kernel>(
        [&list](text_platform auto& platform) noexcept { return change_tables(this_image(), list, platform); });
}

/// The same for a choice. In a program, the function of process.hpp has fewer arguments, and is preferred.
template <class Make, int Kernel = 0, class... None>
    requires(sizeof...(None) == 0)
[[gnu::visibility("hidden")]] outcome make_choice(const Make& make, const None&... /*none*/) noexcept {
    return in_kernel<Kernel>([&make](text_platform auto& platform) noexcept { return make(this_image(), platform); });
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
