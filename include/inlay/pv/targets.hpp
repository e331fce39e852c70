// SPDX-License-Identifier: BSL-1.0
//
// targets: the targets of an operation, as values: functions, instructions, nothing.
//
//     pv_op<void(), native<hlt()>> halt;                    // instructions
//     irq.save_fl = callee_save<&xen_save_fl>;              // a C++ function, by a thunk
//     irq.kick = pv_nop;                                    // nothing
//
// How it works. A target is an empty value; its type has all data. `operation_target` finds the calling convention and
// the address, from an operation's signature and a target's type. A target of another signature is not
// `known`.
#pragma once

#include "inlay/alternative.hpp"
#include "inlay/arch/arch.hpp"
#include "inlay/code.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

namespace inlay {

// Visible, as they are in the types of operations, and these in tables of the user's.

/// As a target of an operation: does nothing, and its calls become nops. (Linux: paravirt_nop.)
struct pv_nop_t {};

/// A callee-save target: a C++ function (`callee_save<&f>`, called by a thunk), instructions (`callee_save<sti()>`;
/// they change only the result's register), or none (`callee_save<nullptr>`).
template <auto What>
struct callee_save_t {};

/// An assembly function that is callee-save by itself.
template <auto Function>
struct is_callee_save_t {};

/// An ordinary target: instructions (`native<wbinvd()>`), or a function. In 64-bit mode `native<&f>` is `&f`; in 32-bit
/// mode, arguments are in eax, edx and ecx, and `native<&f>` adapts a function of any convention.
template <auto What>
struct native_t {};

namespace detail {

// GCC gives a class-type template argument the visibility of its first use: this use is visible.
using met_here = callee_save_t<pv_nop_t{}>;
using met_here_too = native_t<code<>{}>;

} // namespace detail

} // namespace inlay

namespace [[gnu::visibility("hidden")]] inlay {

// (GCC does not hide variable templates of visible types as their namespace says.)
inline constexpr pv_nop_t pv_nop{};
template <auto What>
[[gnu::visibility("hidden")]] inline constexpr callee_save_t<What> callee_save{};
template <auto Function>
[[gnu::visibility("hidden")]] inline constexpr is_callee_save_t<Function> is_callee_save{};
template <auto What>
[[gnu::visibility("hidden")]] inline constexpr native_t<What> native{};

namespace detail {

/// The types that one general register can pass.
template <class Type>
inline constexpr bool is_register_value =
    (detail::is_integral<Type> || detail::is_enum<Type> || detail::is_pointer<Type>) && sizeof(Type) <= sizeof(address);

/// Whether a pointer to a function has the type `Pointer`, apart from noexcept.
template <class Function, class Pointer>
concept is_function_of = detail::is_pointer<Function> && detail::converts<Function, Pointer>;

/// A function that takes arguments in the registers of a site's operands: `Function` itself, if its convention has
/// these registers.
template <auto Function>
[[nodiscard]] consteval auto by_registers() noexcept {
    if constexpr (arch::emit::operands_are_arguments) {
        return Function;
    } else {
        return &reachable<Function>::call;
    }
}

/// The kind of a target: whether it is callee-save, and its address as either kind.
template <class Signature, class Target>
struct operation_target {
    static constexpr bool known = false;
};
template <class Result, class... Parameters, class Target>
    requires is_function_of<Target, Result (*)(Parameters...)>
struct operation_target<Result(Parameters...), Target> {
    static constexpr bool known = true;
    static constexpr bool callee_save = false;
};
template <class Signature>
struct operation_target<Signature, decltype(nullptr)> {
    static constexpr bool known = true;
    static constexpr bool callee_save = false;
    static constexpr bool missing = true;
};
template <class Signature>
struct operation_target<Signature, pv_nop_t> {
    static constexpr bool known = true;
    static constexpr bool callee_save = false;
    static constexpr auto entry = &arch::emit::function_of<none>::entry;
};
template <class Instructions>
struct instructions_say_what_they_change {
    static_assert(size_of<Instructions> == 0,
                  "inlay: the target of an operation has bytes(...) and does not name the registers that they change. "
                  "Write bytes(...).writes<rax>(), for example");
    static constexpr bool value = true;
};
template <class Instructions, shown::general_register Register>
struct instructions_keep_a_register {
    static_assert(
        size_of<Instructions> == 0,
        "inlay: these instructions change a register that calls of the operation take for unchanged, `Register`. A "
        "callee-save target changes the result's alone, another one those that the calling convention lets it. "
        "Push and pop the register, or write a function");
    static constexpr bool value = true;
};

/// Whether instructions change no more than a target of their convention may: `Allowed`.
template <auto Code, unsigned Allowed>
[[nodiscard]] consteval bool keep_to_the_convention() {
    if constexpr (Code.unstated) {
        return instructions_say_what_they_change<shown::listing<Code>>::value;
    } else if constexpr (undeclared_registers<Code, Allowed> != 0) {
        constexpr unsigned which = lowest_register(undeclared_registers<Code, Allowed>);
        return instructions_keep_a_register<shown::listing<Code>, shown::general_register{which}>::value;
    } else {
        return true;
    }
}

template <class Signature, auto Code>
    requires is_code<detail::plain<decltype(Code)>>
struct operation_target<Signature, native_t<Code>> {
    static constexpr bool known =
        keep_to_the_convention<Code, arch::emit::changed_by_site(arch::emit::gives::no_result,
                                                                 arch::emit::keeps::preserved, 0)>();
    static constexpr bool callee_save = false;
    static constexpr auto entry = &arch::emit::function_of<Code>::entry;
};
template <class Result, class... Parameters, auto Function>
    requires is_function_of<decltype(Function), Result (*)(Parameters...)>
struct operation_target<Result(Parameters...), native_t<Function>> {
    static constexpr bool known = true;
    static constexpr bool callee_save = false;
    static constexpr auto function = by_registers<Function>();
};
template <class Result, class... Parameters, auto Code>
    requires is_code<detail::plain<decltype(Code)>>
struct operation_target<Result(Parameters...), callee_save_t<Code>> {
    static constexpr bool known =
        keep_to_the_convention<Code, arch::emit::changed_by_site(arch::emit::result_of_size<size_of<Result>>,
                                                                 arch::emit::keeps::callee_saved, 0)>();
    static constexpr bool callee_save = true;
    static constexpr auto entry = &arch::emit::function_of<Code>::entry;
};
template <class Signature>
struct operation_target<Signature, callee_save_t<nullptr>> {
    static constexpr bool known = true;
    static constexpr bool callee_save = true;
    static constexpr bool missing = true;
};
template <class... Parameters>
struct operation_target<void(Parameters...), callee_save_t<pv_nop>> {
    static constexpr bool known = true;
    static constexpr bool callee_save = true;
    static constexpr auto entry = &arch::emit::function_of<none>::entry;
};
template <class Result, class... Parameters, auto Function>
    requires is_function_of<decltype(Function), Result (*)(Parameters...)>
struct operation_target<Result(Parameters...), callee_save_t<Function>> {
    static constexpr bool known = true;
    static constexpr bool callee_save = true;
    static constexpr auto entry = &arch::emit::thunk<Function>::entry;
};
template <class Result, class... Parameters, auto Function>
    requires is_function_of<decltype(Function), Result (*)(Parameters...)>
struct operation_target<Result(Parameters...), is_callee_save_t<Function>> {
    static constexpr bool known = true;
    static constexpr bool callee_save = true;
    static constexpr auto as_it_is = Function;
};

} // namespace detail

} // namespace inlay
