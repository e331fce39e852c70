// SPDX-License-Identifier: BSL-1.0
//
// features: walks the features of the CPU. For hosted code: reports, tools, tests.
//
//     inlay::for_each_feature([](auto feature) { std::puts(feature.text()); });
//     std::array<bool, inlay::feature_count> found{};
//
// How it works. `inlay::cpu` is an aggregate; Boost.PFR counts its members and binds them, so no list is kept
// beside the declarations. PFR 1.81 binds up to 100 members. An architecture with more spreads them over base
// classes, each a plain aggregate of at most 100 features, and offers `for_each_group(function)`, which calls
// `function` with each base. More members in one group than that is an error of PFR's at compile time.
#pragma once

#include "inlay/requirements.hpp"

#if defined(__x86_64__) || defined(__i386__)
#include "inlay/arch/x86/cpu.hpp"
#elif defined(__aarch64__)
#include "inlay/arch/aarch64/cpu.hpp"
#endif

#include <boost/pfr/core.hpp>

#include <cstddef>
#include <utility>

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {

template <class Features, class Function>
constexpr void for_each_feature_group(const Features& features, Function&& function) {
    if constexpr (requires { features.for_each_group(function); }) {
        features.for_each_group(function);
    } else {
        function(features);
    }
}

template <class Features>
[[nodiscard]] consteval std::size_t count_features(const Features& features) {
    std::size_t count = 0;
    for_each_feature_group(features, [&count]<class Group>(const Group&) { count += boost::pfr::tuple_size_v<Group>; });
    return count;
}

} // namespace detail

/// Number of features of `inlay::cpu`.
inline constexpr std::size_t feature_count = detail::count_features(cpu);

/// Calls `function(feature)` for each feature of `inlay::cpu`, in the order of declaration. Each has a type of
/// its own: let `function` be a template, such as a lambda that takes `auto`.
template <class Function>
constexpr void for_each_feature(Function function) {
    detail::for_each_feature_group(cpu, [&function]<class Group>(const Group&) {
        // Features are empty, so a new object is as good as the member; asking PFR for types only costs the least
        // to compile. (pfr::for_each_field of 1.81 is not constexpr.)
        [&function]<std::size_t... Index>(std::index_sequence<Index...>) {
            (static_cast<void>(function(boost::pfr::tuple_element_t<Index, Group>{})), ...);
        }(std::make_index_sequence<boost::pfr::tuple_size_v<Group>>{});
    });
}

} // namespace inlay
