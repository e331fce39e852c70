// SPDX-License-Identifier: BSL-1.0
//
// calls: calls of an operation, and native instructions in their place.
//
//     inline constexpr inlay::pv_call<&irq, &irq_ops::halt> halt;
//     inline constexpr inlay::pv_alt_call<&irq, &irq_ops::save_fl, pushf_pop(rax), !cpu.xenpv> save_fl;
//
// How it works. A call is the site of an alternative whose original is a call through the operation's pointer. It has
// no `when`, or one with the native instructions. Arguments and result are in the registers of the convention.
#pragma once

#include "inlay/alternative.hpp"
#include "inlay/arch/arch.hpp"
#include "inlay/feature.hpp"
#include "inlay/pv/names.hpp"
#include "inlay/pv/operation.hpp"
#include "inlay/traits.hpp"
#include "inlay/when.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {

/// The operation at an index of a table; pv_ops.hpp defines it.
template <auto* Table, auto Index>
struct operation_by_index;

template <auto* Table, auto Member>
[[nodiscard]] constexpr auto* operation_of() noexcept {
    if constexpr (detail::is_member_pointer<decltype(Member)>) {
        return &(Table->*Member);
    } else {
        static_assert(
            requires { sizeof(operation_by_index<Table, Member>); },
            "inlay: an operation is named by its member, &irq_ops::save_fl; by its index, with inlay/pv_ops.hpp "
            "included");
        return operation_by_index<Table, Member>::where();
    }
}

/// A symbol operand that stands for the pointer in an operation of a table.
template <auto* Table, auto Member>
struct operation {
    static constexpr auto* where = operation_of<Table, Member>();
    using type = detail::pointee<detail::plain<decltype(where)>>;
    static constexpr bool callee_save = type::callee_save;
    static constexpr auto nothing = type::nothing;
    static constexpr auto missing = type::missing;
    static constexpr auto name = make_name<Table, Member>("");

    friend constexpr bool operator==(operation, operation) = default;
};

template <class Operation, class Function, class Indices, class... Whens>
struct operation_call;

/// A call: an alternative whose original goes through the pointer.
template <class Operation, class Result, class... Parameters, size_t... Index, class... Whens>
struct operation_call<Operation, Result(Parameters...), detail::indices<Index...>, Whens...> {
    static constexpr auto original = arch::insn::call_operation<Operation{}>();

    [[gnu::always_inline]] inline Result operator()(Parameters... arguments) const noexcept {
        using declaration = detail::declaration<Operation::name, original, Whens...>;
        if constexpr (detail::is_void<Result>) {
            using operands = detail::operands<void, no_register{}, false, 0, arch::emit::argument_registers[Index]...>;
            site<declaration, Operation::name, operands, original, Whens...>{}(arguments...);
        } else {
            using operands = detail::operands<Result, arch::emit::result_register<Result>, false, 0,
                                              arch::emit::argument_registers[Index]...>;
            return site<declaration, Operation::name, operands, original, Whens...>{}(arguments...);
        }
    }
};

template <class Function>
inline constexpr size_t parameters = 0;
template <class Result, class... Parameters>
inline constexpr size_t parameters<Result(Parameters...)> = sizeof...(Parameters);

template <class Operation, class... Whens>
using call_of = operation_call<Operation, typename Operation::type::function,
                               detail::indices_below<parameters<typename Operation::type::function>>, Whens...>;

template <auto* Table, auto Member>
struct overridden_probe {
    bool operator()() const noexcept { return !operation<Table, Member>::where->is_native(); }
};

} // namespace detail

/// A call of an operation: `pv_call<&irq, &irq_ops::halt>`. Thread-safe before and after apply(), not during it.
template <auto* Table, auto Member>
struct pv_call : detail::call_of<detail::operation<Table, Member>> {};

/// A predicate: true if, when apply() runs, the operation is not the native one. (Linux: paravirt_set_cap().)
template <auto* Table, auto Member>
inline constexpr feature<detail::make_name<Table, Member>(".overridden"), detail::overridden_probe<Table, Member>{}>
    overridden{};

/// The same call, but with `Native` instructions in its place if `Predicate` holds. By default, it holds if the
/// operation is native. The instructions find the arguments in their registers (rdi, rsi, rdx, rcx, r8, r9; AArch64: x0
/// to x5), and leave the result in rax (x0). They change no more registers than the operation's convention lets them.
template <auto* Table, auto Member, auto Native, auto Predicate = !overridden<Table, Member>>
struct pv_alt_call : detail::call_of<detail::operation<Table, Member>, when<Predicate, Native>> {
    static_assert(detail::is_code<detail::plain<decltype(Native)>>,
                  "inlay: the third argument of pv_alt_call is native code, e.g. pushf_pop(rax)");
    static_assert(Native.length <= arch::insn::call_operation<detail::operation<Table, Member>{}>().length,
                  "inlay: the native code is longer than the call whose place it takes (x86: 6 bytes; AArch64: one "
                  "instruction). Make it the operation's function, native<code> or callee_save<code>");
};

} // namespace inlay
