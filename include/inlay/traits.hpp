// SPDX-License-Identifier: BSL-1.0
//
// traits: the few type traits that headers in every unit need.
//
//     static_assert(detail::same<A, B>);
//
// How it works. As those of <type_traits>, which takes half of the compile time of static_key.hpp.
#pragma once

#include "inlay/requirements.hpp"

#include <cstddef>

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {

template <class A, class B>
inline constexpr bool same = false;
template <class A>
inline constexpr bool same<A, A> = true;

template <class Type>
struct without_cv {
    using type = Type;
};
template <class Type>
struct without_cv<const Type> {
    using type = Type;
};
template <class Type>
struct without_cv<volatile Type> {
    using type = Type;
};
template <class Type>
struct without_cv<const volatile Type> {
    using type = Type;
};

/// The type without const and volatile.
template <class Type>
using plain = typename without_cv<Type>::type;

template <bool First, class A, class B>
struct one_of_two {
    using type = A;
};
template <class A, class B>
struct one_of_two<false, A, B> {
    using type = B;
};

/// `A` if `First`, else `B`.
template <bool First, class A, class B>
using either = typename one_of_two<First, A, B>::type;

/// In bytes; 0 for void.
template <class Type>
inline constexpr std::size_t size_of = sizeof(Type);
template <>
inline constexpr std::size_t size_of<void> = 0;

} // namespace detail
} // namespace inlay
