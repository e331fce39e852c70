// SPDX-License-Identifier: BSL-1.0
//
// dispatch: a whole function chosen by features, any signature, called directly once patched.
//
//     inline constexpr inlay::dispatch<"crc32", &crc32_table, when<cpu.sse4_2, &crc32_hw>> crc32;
//     auto c = crc32(buffer);
//
// How it works. The object converts to a pointer to its trampoline, so that `crc32(buffer)` is an ordinary
// call, with the overload resolution, copies and exceptions of one: the compiler emits `call trampoline`.
// The trampoline jumps through a pointer, which starts out as the default: calls work before apply(). A
// marker in front of the call leaves a record of 8 bytes in section inlay_calls. apply() chooses the
// target, stores it in the pointer, scans from the marker for the call of exactly this trampoline, and
// redirects it. A call that it does not find, or whose target is out of reach, goes on through the
// trampoline: slower, never wrong. Where text cannot be written, the pointer still has the right target.
//
// Compare ifunc (resolved by the dynamic linker, before main, in position-independent code only), and
// Linux's static_call().
#pragma once

#include "inlay/describe.hpp"
#include "inlay/trampoline.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {

template <class Function, std::size_t Count>
struct callee_state {
    Function* target;         ///< what the trampoline jumps through
    Function* targets[Count]; ///< by ordinal
};

} // namespace detail

/// `Default`, or the function of the last of `Whens` whose predicate holds. Calls are thread-safe before and
/// after apply(), not during it. `Name` appears in reports; in one program, one name is one dispatch.
template <name Name, auto Default, class... Whens>
struct dispatch {
    using function = std::remove_pointer_t<std::remove_cv_t<decltype(Default)>>;

    static_assert(!Name.empty(), "inlay: a dispatch needs a name: dispatch<\"crc32\", &crc32_table, ...>");
    static_assert(std::is_function_v<function>,
                  "inlay: the second argument of dispatch is the address of its default function");
    static_assert((std::is_same_v<std::remove_cv_t<decltype(Whens::code)>, function*> && ...),
                  "inlay: every function of a dispatch has the signature of the default one");

    [[gnu::visibility("hidden")]] static inline constinit detail::callee_state<function, sizeof...(Whens) + 1> state{
        Default, {Default, Whens::code...}};
    static constexpr auto trampoline = detail::trampoline_of<Name, function>;

    /// What a call calls. Writes the marker, so use it only in a call expression: `crc32(buffer)`.
    // NOLINTNEXTLINE(google-explicit-constructor): a call through the conversion is the point
    [[gnu::always_inline]] inline operator function*() const noexcept {
        detail::describe_targets<dispatch, &detail::name_text<Name>::value, Whens...>();
        arch::emit::trampoline<dispatch>();
        arch::emit::callee<dispatch, &detail::name_text<Name>::value, sizeof...(Whens)>();
        arch::emit::call_site<dispatch>();
        return detail::called_as<function>(trampoline);
    }
};

} // namespace inlay
