// SPDX-License-Identifier: BSL-1.0
//
// operation: pv_op, one operation of a table: a pointer to its target.
//
//     struct irq_ops {
//         inlay::pv_op<void(), &native_halt> halt;
//     };
//     irq.halt = &xen_halt;
//
// How it works. The pointer is the only member, so a table is plain data that needs no code to be initialised. A
// constructor for each kind of target (targets.hpp) checks it at compile time.
#pragma once

#include "inlay/arch/arch.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/pv/missing.hpp"
#include "inlay/pv/targets.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

/// One operation of a table: a pointer to its target, at first `Native`. `Native` is `&function`, `native<...>`,
/// `callee_save<...>`, `is_callee_save<...>`, `pv_nop` or `nullptr`. Assign another target with the same convention to
/// it.
///
/// The result is void, or an integer, enum or pointer of at most a register's width; so are the arguments, at most six.
///
/// A user's visible table could not contain a hidden type. So each function is hidden, and not the type.
template <class Signature, auto Native>
class pv_op {
    static_assert(
        sizeof(Signature*) == 0,
        "inlay: write pv_op<result(parameters...), target>: a function type without noexcept (no exception may "
        "leave an operation anyway), and its native target");
};
template <class Result, class... Parameters, auto Native>
class [[gnu::visibility("default")]] pv_op<Result(Parameters...), Native> {
    using native_target = detail::operation_target<Result(Parameters...), detail::plain<decltype(Native)>>;

    static_assert(native_target::known,
                  "inlay: the native target of a pv_op is the address of a function of its signature, native<code>, "
                  "callee_save<&function or code>, is_callee_save<&function>, pv_nop or nullptr");
    static_assert(detail::is_void<Result> ||
                      (sizeof(detail::either<detail::is_void<Result>, int, Result>) <= arch::emit::widest_result),
                  "inlay: the result of a paravirt operation is not wider than a register; return it by a pointer");
    static_assert(detail::is_void<Result> || detail::is_integral<Result> || detail::is_enum<Result> ||
                      detail::is_pointer<Result>,
                  "inlay: a paravirt operation returns void, an integer, an enum or a pointer; return other things by "
                  "a pointer");
    static_assert((detail::is_register_value<Parameters> && ...),
                  "inlay: each argument of a paravirt operation is an integer, an enum or a pointer that fits one "
                  "register. Pass the address of anything else");
    static_assert(
        sizeof...(Parameters) <= arch::emit::most_arguments,
        "inlay: a paravirt operation has no more arguments than registers for them exist (x86-64 and AArch64: "
        "six; 32-bit mode: three). Pass the address of a struct");

public:
    using function = Result(Parameters...);
    using result = Result;
    [[gnu::visibility("hidden")]] static constexpr bool callee_save = native_target::callee_save;

    [[gnu::visibility("hidden")]] constexpr pv_op() noexcept : pv_op{detail::type_is<native_type>{}} {}

    // NOLINTBEGIN(google-explicit-constructor): targets are assigned
    [[gnu::visibility("hidden")]] constexpr pv_op(decltype(nullptr) /*none*/) noexcept : pointer_{.entry = missing} {}
    [[gnu::visibility("hidden")]] constexpr pv_op(pv_nop_t /*none*/) noexcept : pointer_{.entry = nothing} {
        static_assert(detail::is_void<Result>, "inlay: pv_nop is a target of operations that return void");
    }
    [[gnu::visibility("hidden")]] constexpr pv_op(function* to) noexcept : pv_op{nullptr} {
        static_assert(!callee_save, "inlay: this operation is callee-save: assign callee_save<&function>, or "
                                    "is_callee_save<&function> if it is an assembly function that keeps its caller's "
                                    "registers");
        static_assert(sizeof(address) == 8 || sizeof...(Parameters) == 0,
                      "inlay: in 32-bit mode the arguments of an operation are in registers: assign native<&function>");
        if (to != nullptr) {
            pointer_.plain = to;
        }
    }
    template <auto What>
    [[gnu::visibility("hidden")]] constexpr pv_op(native_t<What> /*to*/) noexcept
        : pv_op{detail::type_is<native_t<What>>{}} {}
    template <auto What>
    [[gnu::visibility("hidden")]] constexpr pv_op(callee_save_t<What> /*to*/) noexcept
        : pv_op{detail::type_is<callee_save_t<What>>{}} {}
    template <auto Function>
    [[gnu::visibility("hidden")]] constexpr pv_op(is_callee_save_t<Function> /*to*/) noexcept
        : pv_op{detail::type_is<is_callee_save_t<Function>>{}} {}
    template <class OtherResult, class... OtherParameters>
        requires(!detail::converts<OtherResult (*)(OtherParameters...), Result (*)(Parameters...)>)
    [[gnu::visibility("hidden")]] constexpr pv_op(OtherResult (* /*target*/)(OtherParameters...)) noexcept {
        static_assert(sizeof(OtherResult*) == 0, "inlay: the target of a paravirt operation has its signature");
    }
    // NOLINTEND(google-explicit-constructor)

    /// The address of the target.
    [[nodiscard, gnu::visibility("hidden")]] address target() const noexcept {
        return __builtin_bit_cast(address, pointer_);
    }
    /// Whether the target is the declared one.
    [[nodiscard, gnu::visibility("hidden")]] bool is_native() const noexcept { return target() == pv_op{}.target(); }
    /// Whether it has no target: a call is reported.
    [[nodiscard, gnu::visibility("hidden")]] bool is_missing() const noexcept {
        return target() == 0 || target() == reinterpret_cast<address>(missing);
    }

    [[gnu::visibility("hidden")]] static constexpr auto nothing = &arch::emit::function_of<none>::entry;
    [[gnu::visibility("hidden")]] static constexpr auto missing = &arch::emit::thunk<
        &detail::report_missing<detail::either<(detail::size_of<Result> > sizeof(address)), uint64_t, address>>,
        true>::entry;

private:
    union pointer {
        function* plain;
        Result(INLAY_CONVENTION* typed)(Parameters...);
        void (*entry)();
    };

    template <auto Target>
    struct as_target {
        using type = detail::plain<decltype(Target)>;
    };
    template <auto Target>
        requires detail::is_pointer<decltype(Target)>
    struct as_target<Target> {
        using type = native_t<Target>;
    };
    using native_type = typename as_target<Native>::type;

    /// By the target's type alone: see detail::probe_function.
    template <class Target>
    [[gnu::visibility("hidden")]] constexpr explicit pv_op(detail::type_is<Target> /*target*/) noexcept
        : pointer_{.entry = missing} {
        using kind = detail::operation_target<function, Target>;
        static_assert(kind::known, "inlay: the target of a paravirt operation has its signature, without noexcept; or "
                                   "it is code of inlay");
        static_assert(
            kind::callee_save == callee_save,
            "inlay: the target has the other calling convention: callee-save operations take callee_save<...> "
            "or is_callee_save<...>, others &function or native<...>");
        if constexpr (requires { kind::as_it_is; }) {
            pointer_.plain = kind::as_it_is;
        } else if constexpr (requires { kind::function; }) {
            pointer_.typed = kind::function;
        } else if constexpr (requires { kind::entry; }) {
            pointer_.entry = kind::entry;
        }
    }

    pointer pointer_;
};

} // namespace inlay
