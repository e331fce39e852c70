// SPDX-License-Identifier: BSL-1.0
//
// trampoline: the functions that calls go to until apply() patches them.
#pragma once

#include "inlay/anchor.hpp"
#include "inlay/name.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {

/// The trampoline of a name, in a unit. C++ declares it, the assembler defines it (arch/*/thunk.hpp). Calls cast it to
/// the type of the declared function. It has external linkage, even if the functions to choose from do not.
template <name Name, unsigned long long Unit, class Function = void>
struct trampoline_in {
    [[gnu::visibility("hidden")]] static void entry();
};

#if defined(__clang__)
/// Clang gives it the type of the call; control-flow integrity (-fsanitize=cfi-icall) checks this type.
template <name Name, unsigned long long Unit, class Result, class... Parameters>
struct trampoline_in<Name, Unit, Result(Parameters...)> {
    [[gnu::visibility("hidden")]] static Result entry(Parameters...);
};
template <name Name, unsigned long long Unit, class Result, class... Parameters>
struct trampoline_in<Name, Unit, Result(Parameters...) noexcept> {
    [[gnu::visibility("hidden")]] static Result entry(Parameters...) noexcept;
};

/// A function of a type that belongs to its unit must be defined in C++: there, nothing says the type.
template <class Function>
using trampoline_type = either<has_external_types<Function>(), Function, void>;
#else
template <class Function>
using trampoline_type = void;
#endif

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-func-template" // the assembler defines it
#pragma clang diagnostic ignored "-Wcast-function-type"      // and jumps to a function of the call's type
#endif

template <name Name, class Function, unsigned long long Unit = number_of_unit(__BASE_FILE__)>
inline constexpr auto trampoline_of = &trampoline_in<Name, Unit, trampoline_type<Function>>::entry;

/// The trampoline as a function of the call's type.
template <class Function, class Entry>
[[nodiscard, gnu::always_inline]] inline Function* called_as(Entry* trampoline) noexcept {
    if constexpr (same<Function, Entry>) {
        return trampoline;
    } else {
        return reinterpret_cast<Function*>(trampoline);
    }
}

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

} // namespace detail
} // namespace inlay
