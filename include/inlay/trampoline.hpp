// SPDX-License-Identifier: BSL-1.0
//
// trampoline: what calls go to until they are patched.
#pragma once

#include "inlay/anchor.hpp"
#include "inlay/name.hpp"

namespace inlay::detail {

/// The trampoline of a name, in a unit. Declared here, defined by the assembler (emit.hpp), and called as what the
/// declaration says it is: this one has external linkage whatever the functions to choose from have.
///
/// Clang knows it by the type of the call: control-flow integrity (-fsanitize=cfi-icall) checks that. GCC does not: a
/// type of internal linkage would make the trampoline one that "is used but never defined".
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-internal"
template <name Name, unsigned long long Unit, class Function>
struct trampoline_in;
template <name Name, unsigned long long Unit, class Result, class... Parameters>
struct trampoline_in<Name, Unit, Result(Parameters...)> {
    [[gnu::visibility("hidden")]] static Result entry(Parameters...);
};
template <name Name, unsigned long long Unit, class Result, class... Parameters>
struct trampoline_in<Name, Unit, Result(Parameters...) noexcept> {
    [[gnu::visibility("hidden")]] static Result entry(Parameters...) noexcept;
};
#pragma clang diagnostic pop
template <name Name, class Function, unsigned long long Unit = number_of_unit(__BASE_FILE__)>
inline constexpr Function* trampoline_of = &trampoline_in<Name, Unit, Function>::entry;
template <class Function>
[[nodiscard, gnu::always_inline]] inline Function* called_as(Function* trampoline) noexcept {
    return trampoline;
}
#else
template <name Name, unsigned long long Unit>
struct trampoline_in {
    [[gnu::visibility("hidden")]] static void entry();
};
template <name Name, class Function, unsigned long long Unit = number_of_unit(__BASE_FILE__)>
inline constexpr void (*trampoline_of)() = &trampoline_in<Name, Unit>::entry;
template <class Function>
[[nodiscard, gnu::always_inline]] inline Function* called_as(void (*trampoline)()) noexcept {
    return reinterpret_cast<Function*>(trampoline);
}
#endif

} // namespace inlay::detail
