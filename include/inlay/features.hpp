// SPDX-License-Identifier: BSL-1.0
//
// features: walks the features of the CPU. For hosted code: reports, tools, tests.
//
//     inlay::for_each_feature([](auto feature) { std::puts(feature.text()); });
//     std::array<bool, inlay::feature_count> found{};
//     inlay::for_each_feature(mine, [](auto feature) { ... });          // of a table of your own
//
// How it works. `inlay::cpu` is an aggregate; Boost.PFR counts its members and binds them, so the declarations are the
// only list. PFR 1.81 binds up to 100 members. An architecture with more spreads them over base classes, each a plain
// aggregate of at most 100 features. Its `for_each_group(function)` calls `function` with each base. With more members
// in one group, PFR reports an error at compile time. Your own table is an aggregate as well, or a struct of Boost.Hana
// if inlay/hana.hpp is included.
#pragma once

#include "inlay/arch/arch.hpp"
#include "inlay/feature.hpp"
#include "inlay/members.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {

template <class Features, class Function>
constexpr void for_each_feature_group(const Features& features, const Function& function) {
    if constexpr (requires { features.for_each_group(function); }) {
        features.for_each_group(function);
    } else {
        function(features);
    }
}

template <class Features>
[[nodiscard]] consteval size_t count_features(const Features& features) {
    size_t count = 0;
    for_each_feature_group(features, [&count]<class Group>(const Group&) { count += members<Group>::count; });
    return count;
}

/// Calls `function(feature)` for each feature in a table or in its groups.
template <class Features, class Function>
constexpr void walk_features(const Features& features, Function& function) {
    for_each_feature_group(features, [&function]<class Group>(const Group&) {
        // Features are empty, so a new object is as good as the member; asking for types only costs the least to
        // compile. (pfr::for_each_field of 1.81 is not constexpr.)
        [&function]<size_t... Index>(detail::indices<Index...>) {
            static_assert((is_feature<detail::plain<typename members<Group>::template type<Index>>> && ...),
                          "inlay: a table of features is an aggregate of nothing but features");
            (static_cast<void>(function(typename members<Group>::template type<Index>{})), ...);
        }(detail::indices_below<members<Group>::count>{});
    });
}

} // namespace detail

/// Number of features in `inlay::cpu`.
inline constexpr size_t feature_count = detail::count_features(cpu);

/// Calls `function(feature)` for each feature of `inlay::cpu`, in the order of declaration. Each has a separate type:
/// let `function` be a template, such as a lambda that takes `auto`.
template <class Function>
constexpr void for_each_feature(Function function) {
    detail::walk_features(cpu, function);
}

/// The number of features in your own table.
template <class Features>
[[gnu::visibility("hidden")]] inline constexpr size_t feature_count_of = detail::count_features(Features{});

/// Calls `function(feature)` for each feature of your own table, in the order of declaration.
template <class Features, class Function>
constexpr void for_each_feature(const Features& features, Function function) {
    detail::walk_features(features, function);
}

} // namespace inlay
