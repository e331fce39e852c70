// SPDX-License-Identifier: BSL-1.0
//
// traits: the few type traits that headers in every unit need.
//
//     static_assert(detail::same<A, B>);
//
// How it works. As the traits of <type_traits> and <utility>. A kernel need not have those headers, and they took half
// of static_key.hpp's compile time.
#pragma once

#include "inlay/requirements.hpp"
#include "inlay/words.hpp"

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

template <class A, class B>
concept same_as = same<A, B>;

template <class Type>
struct without_reference {
    using type = Type;
};
template <class Type>
struct without_reference<Type&> {
    using type = Type;
};
template <class Type>
struct without_reference<Type&&> {
    using type = Type;
};

/// The type without reference, const and volatile.
template <class Type>
using bare = plain<typename without_reference<Type>::type>;

/// A type as a value, or as a parameter that is not deduced.
template <class Type>
struct type_is {
    using type = Type;
};

template <class Type>
struct without_pointer {
    using type = Type;
};
template <class Type>
struct without_pointer<Type*> {
    using type = Type;
};
template <class Type>
struct without_pointer<Type* const> {
    using type = Type;
};

/// The pointer's target type; else the type itself.
template <class Type>
using pointee = typename without_pointer<Type>::type;

template <class Type>
inline constexpr bool is_void = same<plain<Type>, void>;
template <class Type>
inline constexpr bool is_pointer = !same<pointee<Type>, Type>;
template <class Type>
inline constexpr bool is_enum = __is_enum(Type);
template <class Type>
inline constexpr bool is_class = __is_class(Type);

template <class Type, class... List>
inline constexpr bool among = (same<plain<Type>, List> || ...);
template <class Type>
inline constexpr bool is_integral =
    among<Type, bool, char, signed char, unsigned char, wchar_t, char8_t, char16_t, char32_t, short, unsigned short,
          int, unsigned, long, unsigned long, long long, unsigned long long>;
template <class Type>
inline constexpr bool is_floating_point = among<Type, float, double, long double>;

template <class Type>
inline constexpr bool is_function = false;
template <class Result, class... Parameters>
inline constexpr bool is_function<Result(Parameters...)> = true;
template <class Result, class... Parameters>
inline constexpr bool is_function<Result(Parameters...) noexcept> = true;
template <class Result, class... Parameters>
inline constexpr bool is_function<Result(Parameters..., ...)> = true; // NOLINT(*-vararg): C's functions
template <class Result, class... Parameters>
inline constexpr bool is_function<Result(Parameters..., ...) noexcept> = true; // NOLINT(*-vararg)

template <class Type>
inline constexpr bool is_member_pointer = false;
template <class Class, class Member>
inline constexpr bool is_member_pointer<Member Class::*> = true;
template <class Class, class Member>
inline constexpr bool is_member_pointer<Member Class::* const> = true;

template <class Type>
inline constexpr bool is_scalar = is_integral<Type> || is_floating_point<Type> || is_enum<Type> || is_pointer<Type> ||
                                  is_member_pointer<Type> || same<plain<Type>, decltype(nullptr)>;

/// Whether a value of type `From` converts to type `To` without a cast.
template <class From, class To>
inline constexpr bool converts = requires(void (&take)(To), From (&give)()) { take(give()); };

/// Whether calling a value of `Function` without arguments gives something that becomes `Result` without a cast.
template <class Function, class Result>
inline constexpr bool gives = requires(void (&take)(Result), Function& function) { take(function()); };

/// 0 to N - 1, to be deduced as a pack.
template <size_t... Index>
struct indices {};
#ifdef __clang__
template <class Type, Type... Index>
struct typed_indices {
    using type = indices<Index...>;
};
template <size_t Count>
using indices_below = typename __make_integer_seq<typed_indices, size_t, Count>::type;
#else
template <size_t Count>
struct indices_of {
    using type = indices<__integer_pack(Count)...>;
};
template <size_t Count>
using indices_below = typename indices_of<Count>::type;
#endif

/// In bytes; 0 for void.
template <class Type>
inline constexpr size_t size_of = sizeof(Type);
template <>
inline constexpr size_t size_of<void> = 0;

} // namespace detail
} // namespace inlay
