// SPDX-License-Identifier: BSL-1.0
//
// pv: paravirt operations. A table of what a hypervisor may replace, and calls that cost what the machine needs.
//
//     struct irq_ops {
//         inlay::pv_op<u64(), inlay::callee_save<pushf_pop(rax)>> save_fl;      // native code, as a function
//         inlay::pv_op<void(), &native_halt>                      halt;         // a C++ function
//         inlay::pv_op<void(u64), nullptr>                        kick;         // none: a call of it is reported
//     };
//     inline constinit irq_ops irq;                                             // plain data
//
//     inline constexpr inlay::pv_call<&irq, &irq_ops::halt> halt;
//     inline constexpr inlay::pv_alt_call<&irq, &irq_ops::save_fl, pushf_pop(rax), !cpu.xenpv> save_fl;
//
//     irq.save_fl = inlay::callee_save<&xen_save_fl>;                           // a hypervisor's set-up, ...
//     inlay::set(cpu.xenpv, true);                                              // ... before apply()
//     auto flags = save_fl();                                                   // a call of xen_save_fl
//
// How it works. A call is `call *pointer(%rip)` and works from the first moment. (AArch64 has no such instruction:
// there it is `bl thunk`, and the thunk jumps through the pointer.) Its record is that of an alternative whose
// original is such a call. apply() makes it a direct call of what the pointer holds; nothing at all if that does
// nothing (`pv_nop`); a call of the reporter if it is null. Out of reach, it stays. A pv_alt_call has a `when` besides:
// where the predicate holds, the native instructions stand in place. One function decides all of that, features
// first, so that a call cannot overwrite an instruction.
//
// The compiler sees an assembly statement that changes what the convention says. Ordinary functions change what
// functions may. A callee-save function keeps all general registers but the result's: a C++ function gets a thunk that
// does so, instructions and assembly functions need none. (AArch64: x16, x17 and x30 change in any call.)
//
// The table is read by apply() and, until then, by each call: change it before, or call apply() again.
//
// Compare pv_ops, PVOP_CALL, PVOP_ALT_CALLEE, PV_CALLEE_SAVE, __PV_IS_CALLEE_SAVE and paravirt_nop in Linux's
// asm/paravirt_types.h. Position-independent libraries need their tables hidden ([[gnu::visibility("hidden")]]).
#pragma once

#include "inlay/requirements.hpp"

#include "inlay/alternative.hpp"
#include "inlay/image.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

#if defined(__linux__) && __STDC_HOSTED__
#include <cstdio>
#include <cstdlib>
#endif

namespace inlay {

// Visible, as they are in the types of operations, and these in tables of the user's.

/// As a target of an operation: does nothing, and its calls become nops. (Linux: paravirt_nop.)
struct pv_nop_t {};

/// A callee-save target: a C++ function (`callee_save<&f>`, called by a thunk), instructions (`callee_save<sti()>`,
/// which leave alone all registers but the result's), or none (`callee_save<nullptr>`).
template <auto What>
struct callee_save_t {};

/// An assembly function that is callee-save by itself.
template <auto Function>
struct is_callee_save_t {};

/// An ordinary target: instructions (`native<wbinvd()>`), or a function. In 64-bit mode `native<&f>` is `&f`; in 32-bit
/// mode arguments are in eax, edx and ecx, and this is how a function gets them, whatever its own convention.
template <auto What>
struct native_t {};

namespace detail {

// For GCC a template argument of class type is as visible as the place where it is met first: here, not in what is
// hidden.
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

/// What is called when an operation without a target is: gets the operation's name, such as "irq.kick". If it returns,
/// the call gives zero.
using missing_handler = void (*)(const char* operation) noexcept;

namespace detail {

[[noreturn, gnu::visibility("hidden")]] inline void
missing_by_default([[maybe_unused]] const char* operation) noexcept {
#if defined(__linux__) && __STDC_HOSTED__
    std::fprintf(stderr, "inlay: the paravirt operation %s has no target\n", operation);
    std::abort();
#else
    __builtin_trap();
#endif
}

[[gnu::visibility("hidden")]] inline constinit missing_handler missing = &missing_by_default;

inline namespace INLAY_TARGET {

/// The name of the operation whose call returns to `at`.
[[nodiscard, gnu::visibility("hidden")]] inline const char* operation_called_before(address at) noexcept {
    const table::section<const table::alternative_record> all = this_image().alternatives;
    for (size_t i = 0; i < all.size(); ++i) {
        const auto* each = reinterpret_cast<const table::choice*>(all.records[i].choices.target());
        const address site = all.records[i].site.target();
        if (at <= site || at > site + each->length) {
            continue;
        }
        while (each->otherwise) {
            each = reinterpret_cast<const table::choice*>(each->otherwise.target());
        }
        if (reinterpret_cast<const table::form*>(each->form.target())->kind == table::form_kind::indirect_call) {
            return reinterpret_cast<const char*>(each->name.target());
        }
    }
    return "of another image";
}

} // namespace INLAY_TARGET

/// The target of operations that have none; called by a thunk.
template <class Result>
[[gnu::visibility("hidden")]] inline Result report_missing(address return_address) noexcept {
    missing(operation_called_before(return_address));
    return 0;
}

} // namespace detail

/// Says what calls of missing operations do; by default, a program says so and aborts, a kernel traps. Not thread-safe.
/// One an image.
[[gnu::visibility("hidden")]] inline void on_missing_operation(missing_handler handler) noexcept {
    detail::missing = handler;
}

namespace detail {

/// What can be passed in one general register.
template <class Type>
inline constexpr bool is_register_value =
    (detail::is_integral<Type> || detail::is_enum<Type> || detail::is_pointer<Type>) && sizeof(Type) <= sizeof(address);

/// Whether a pointer to a function is one of the type `Pointer`, but for noexcept.
template <class Function, class Pointer>
concept is_function_of = detail::is_pointer<Function> && detail::converts<Function, Pointer>;

/// What a target is: whether callee-save, and its address as the one or the other.
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
                  "inlay: the target of an operation has bytes(...) of which nobody has said what they change: write "
                  "bytes(...).writes<rax>(), for example");
    static constexpr bool value = true;
};
template <class Instructions, shown::general_register Register>
struct instructions_keep_a_register {
    static_assert(
        size_of<Instructions> == 0,
        "inlay: these instructions change a register that calls of the operation take for unchanged, `Register`: a "
        "callee-save target changes the result's alone, another one what the calling convention lets it; push "
        "and pop the register, or write a function");
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
        keep_to_the_convention<Code, arch::emit::changed_by_site(arch::emit::gives::nothing,
                                                                 arch::emit::keeps::preserved, 0)>();
    static constexpr bool callee_save = false;
    static constexpr auto entry = &arch::emit::function_of<Code>::entry;
};
template <class Result, class... Parameters, auto Function>
    requires is_function_of<decltype(Function), Result (*)(Parameters...)>
struct operation_target<Result(Parameters...), native_t<Function>> {
    static constexpr bool known = true;
    static constexpr bool callee_save = false;
#if !defined(__i386__)
    static constexpr auto function = Function;
#else
    static constexpr auto function = &reachable<Function>::call;
#endif
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

/// One operation of a table: a pointer to what is called, at first `Native`, which is `&function`, `native<...>`,
/// `callee_save<...>`, `is_callee_save<...>`, `pv_nop` or `nullptr`. Assign another of the same convention to it.
///
/// The result is void, or an integer, enum or pointer of at most a register's width; so are the arguments, at most six.
///
/// A hidden type could not be in a user's table that is not, so what is hidden is each of its functions.
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
                  "register; pass the address of anything else");
    static_assert(sizeof...(Parameters) <= arch::emit::most_arguments,
                  "inlay: a paravirt operation has no more arguments than there are registers for them (x86-64 and "
                  "AArch64: six; 32-bit mode: three); pass the address of a struct");

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

    /// The address of what is called.
    [[nodiscard, gnu::visibility("hidden")]] address target() const noexcept {
        return __builtin_bit_cast(address, pointer_);
    }
    /// Whether it is what the declaration says.
    [[nodiscard, gnu::visibility("hidden")]] bool is_native() const noexcept { return target() == pv_op{}.target(); }
    /// Whether there is none: a call is reported.
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
#if !defined(__i386__)
        function* typed;
#else
        Result(__attribute__((regparm(3))) * typed)(Parameters...);
#endif
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

namespace detail {

/// The last component of what __PRETTY_FUNCTION__ says of a template argument, which is its last one.
struct spelling {
    const char* text;
    size_t length;
};
[[nodiscard]] consteval spelling last_component(const char* text, size_t length) {
    size_t end = 0;
    for (size_t i = 0; i < length && text[i] != ';'; ++i) { // GCC explains types behind a ';'
        end = text[i] == ']' ? i : end;
        end = text[i + 1] == ';' ? i + 1 : end;
    }
    while (end > 0 && text[end - 1] == ')') {
        --end;
    }
    size_t begin = end;
    while (begin > 0 && text[begin - 1] != ':' && text[begin - 1] != '&' && text[begin - 1] != ' ') {
        --begin;
    }
    return {text + begin, end - begin};
}
template <auto Pointer>
[[nodiscard]] consteval spelling spell() {
    return last_component(__PRETTY_FUNCTION__, sizeof(__PRETTY_FUNCTION__) - 1);
}

/// "table.member", or "table[index]".
template <size_t Size>
struct joined_name {
    char text[Size]{};
    size_t length{};

    consteval void add(spelling part) {
        for (size_t i = 0; i < part.length; ++i) {
            text[length++] = part.text[i];
        }
    }
    consteval void add(size_t number) {
        if (number >= 10) {
            add(number / 10);
        }
        text[length++] = static_cast<char>('0' + number % 10);
    }
};

template <auto* Table, auto Member, size_t Size>
[[nodiscard]] consteval joined_name<Size> join_name(spelling suffix) {
    joined_name<Size> joined{};
    joined.add(spell<Table>());
    if constexpr (detail::is_member_pointer<decltype(Member)>) {
        joined.add(spelling{".", 1});
        joined.add(spell<Member>());
    } else {
        joined.add(spelling{"[", 1});
        joined.add(Member);
        joined.add(spelling{"]", 1});
    }
    joined.add(suffix);
    return joined;
}
template <auto* Table, auto Member, size_t Suffix>
[[nodiscard]] consteval auto make_name(const char (&suffix)[Suffix]) { // NOLINT(*-avoid-c-arrays)
    constexpr size_t longest = 256;
    constexpr size_t length = join_name<Table, Member, longest>({"", 0}).length + Suffix;
    return name<length>{join_name<Table, Member, length>({suffix, Suffix - 1}).text};
}

/// The operation at an index of a table; pv_ops.hpp knows.
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

/// The same call, but `Native` instructions in its place where `Predicate` holds: where the operation is native, if not
/// said otherwise. They find the arguments in their registers (rdi, rsi, rdx, rcx, r8, r9; AArch64: x0 to x5), leave the
/// result in rax (x0), and change no more than the operation's convention lets them.
template <auto* Table, auto Member, auto Native, auto Predicate = !overridden<Table, Member>>
struct pv_alt_call : detail::call_of<detail::operation<Table, Member>, when<Predicate, Native>> {
    static_assert(detail::is_code<detail::plain<decltype(Native)>>,
                  "inlay: the third argument of pv_alt_call is native code, e.g. pushf_pop(rax)");
    static_assert(Native.length <= arch::insn::call_operation<detail::operation<Table, Member>{}>().length,
                  "inlay: the native code is longer than the call whose place it takes (x86: 6 bytes; AArch64: one "
                  "instruction); make it the "
                  "operation's function, native<code> or callee_save<code>");
};

} // namespace inlay
