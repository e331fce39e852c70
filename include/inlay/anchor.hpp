// SPDX-License-Identifier: BSL-1.0
//
// anchor: names for the descriptions that the assembler writes.
//
//     asm(".Linlay_form.%c[id]: ..." :: [id] "i"(&anchor<of_code<Code>>::value));
//
// How it works. The assembler writes the tables, because only it can subtract two addresses. It needs a label for each
// description, equal for equal types. Mangled names of the compiler have this property. An anchor is an object that no
// code reads; an operand prints its name into the label `.Linlay_form.<name>`. The labels are local to the unit, so
// that types of internal linkage (lambdas, static functions) do not clash across units.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/code.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {

template <class Description>
struct anchor {
    [[gnu::visibility("hidden")]] static inline constexpr char value{};
};

/// Descriptions that are not types of their own.
template <auto Code>
struct of_code {};
template <class Declaration, unsigned Ordinal>
struct of_choice {};

template <class Description>
inline constexpr const char* anchor_of = &anchor<Description>::value;

/// Distinguishes units that link-time optimisation merges: each has its own trampoline for a name, because a name may
/// stand for static functions. (FNV-1a of the path on the compiler's command line.)
[[nodiscard]] consteval unsigned long long number_of_unit(const char* path) noexcept {
    unsigned long long hash = 14695981039346656037U;
    for (; *path != '\0'; ++path) {
        hash = (hash ^ static_cast<unsigned char>(*path)) * 1099511628211U;
    }
    return hash;
}
template <class Declaration, unsigned long long Unit = number_of_unit(__BASE_FILE__)>
struct in_unit {};

template <class Type>
[[nodiscard]] consteval bool has_external_types() noexcept;

/// The same about the classes of pointers to members, which Clang 21 spells without their namespace.
template <class Type>
inline constexpr bool has_external_members = true;
template <class Type, class Class>
inline constexpr bool has_external_members<Type Class::*> = has_external_types<Class>() && has_external_types<Type>();
template <class Type>
inline constexpr bool has_external_members<const Type> = has_external_members<Type>;
template <class Type>
inline constexpr bool has_external_members<volatile Type> = has_external_members<Type>;
template <class Type>
inline constexpr bool has_external_members<const volatile Type> = has_external_members<Type>;
template <class Type, size_t Count>
inline constexpr bool has_external_members<Type[Count]> = has_external_members<Type>; // NOLINT(*-avoid-c-arrays)
template <class Type, size_t Count>
inline constexpr bool has_external_members<const Type[Count]> = has_external_members<Type>; // NOLINT(*-avoid-c-arrays)
template <class Type>
inline constexpr bool has_external_members<Type*> = has_external_members<Type>;
template <class Type>
inline constexpr bool has_external_members<Type&> = has_external_members<Type>;
template <class Type>
inline constexpr bool has_external_members<Type&&> = has_external_members<Type>;
template <class... Types>
// NOLINTNEXTLINE(misc-redundant-expression): it takes these instances of one template for the same expression
inline constexpr bool have_external_members = (has_external_members<Types> && ...);
template <class Result, class... Parameters>
inline constexpr bool has_external_members<Result(Parameters...)> = have_external_members<Result, Parameters...>;
template <class Result, class... Parameters>
inline constexpr bool has_external_members<Result(Parameters...) noexcept> =
    has_external_members<Result(Parameters...)>;
template <template <class...> class Template, class... Types>
inline constexpr bool has_external_members<Template<Types...>> = have_external_members<Types...>;

/// Whether all types in `Type` may be the same in other units: none is of an unnamed namespace, unnamed, or a lambda's.
/// (Nothing in C++ asks for linkage; but the compiler says how it spells a type.)
template <class Type>
[[nodiscard]] consteval bool has_external_types() noexcept {
    if (!has_external_members<Type>) {
        return false;
    }
#if defined(__clang__)
    // NOLINTNEXTLINE(*-avoid-c-arrays)
    constexpr const char* marks[] = {
        "(anonymous namespace)", "(lambda at ", "struct at ", "class at ", "union at ", "enum at "};
#else
    // NOLINTNEXTLINE(*-avoid-c-arrays)
    constexpr const char* marks[] = {"{anonymous}", "<unnamed", "<lambda"};
#endif
    for (const char* text = __PRETTY_FUNCTION__; *text != '\0'; ++text) {
        for (const char* const each : marks) {
            const char* mark = each;
            const char* at = text;
            while (*mark != '\0' && *at == *mark) {
                ++at;
                ++mark;
            }
            if (*mark == '\0') {
                return false;
            }
        }
    }
    return true;
}

/// Whether a declaration is a call.
template <class Declaration>
concept has_trampoline = requires { Declaration::trampoline; };

/// Whether each unit has its own description of a declaration: of a call, since its trampoline belongs to the unit, and
/// of a switch whose enum does.
template <class Declaration>
concept belongs_to_unit = has_trampoline<Declaration> || requires { requires Declaration::belongs_to_unit; };

/// The anchor of a key's or call's description.
template <class Declaration>
inline constexpr const char* id_of = anchor_of<Declaration>;
template <belongs_to_unit Declaration>
inline constexpr const char* id_of<Declaration> = anchor_of<in_unit<Declaration>>;

/// Whether a symbol operand stands for a thunk, and of which function.
template <class Symbol>
struct symbol_kind {
    static constexpr bool preserving = false;
};
template <auto Function>
struct symbol_kind<inlay::preserving<Function>> {
    static constexpr bool preserving = true;
    static constexpr auto function = Function;
};
template <auto Symbol>
inline constexpr bool is_preserving = symbol_kind<plain<decltype(Symbol)>>::preserving;

/// A symbol operand that stands for the pointer in an operation (pv.hpp): says where it is.
template <class Symbol>
concept is_operation = requires { Symbol::where; };

/// Calls `Function` by the ordinary convention. (i386: the first three arguments are in eax, edx and ecx, because an
/// alternative's operands can be there. `Function` may have any convention; all of Linux is compiled this way.) The
/// function is hidden, so that its address is a link-time constant even in a shared library. There, another function
/// with the same name may replace `Function`. An exception ends the program here: the compiler does not know that the
/// calling assembly statement calls a function. An unwinder that went on would find a wrong handler.
template <auto Function, class Type = plain<decltype(Function)>>
struct reachable {
    static_assert(sizeof(Type) == 0, "inlay: name a function by its address: call<&f>()");
};
template <auto Function, class Result, class... Parameters>
struct reachable<Function, Result (*)(Parameters...)> {
    using result = Result;
    static constexpr size_t arity = sizeof...(Parameters);
    [[gnu::visibility("hidden")]] INLAY_CONVENTION static Result call(Parameters... parameters) noexcept {
        return Function(static_cast<Parameters&&>(parameters)...);
    }
};
template <auto Function, class Result, class... Parameters>
struct reachable<Function, Result (*)(Parameters...) noexcept> {
    using result = Result;
    static constexpr size_t arity = sizeof...(Parameters);
    [[gnu::visibility("hidden")]] INLAY_CONVENTION static Result call(Parameters... parameters) noexcept {
        return Function(static_cast<Parameters&&>(parameters)...);
    }
};

/// Runs a probe that is a function. A lambda is made anew: Clang before 17 exports the object that stands for a
/// template argument, if code refers to it.
template <auto Probe>
struct probe_function {
    [[gnu::visibility("hidden")]] static bool call() noexcept {
        using type = plain<decltype(Probe)>;
        if constexpr (__is_empty(type) && requires { type{}; }) {
            return type{}();
        } else {
            return Probe();
        }
    }
};

} // namespace detail
} // namespace inlay
