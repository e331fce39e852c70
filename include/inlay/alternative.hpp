// SPDX-License-Identifier: BSL-1.0
//
// alternative: instructions at a site that apply() exchanges for others, by features of the machine.
//
//     using namespace inlay::x86::insn;
//     using inlay::cpu, inlay::when;
//
//     // three bytes of nop, or stac where the processor has SMAP
//     inline constexpr inlay::alternative<nop(3), when<cpu.smap, stac()>> user_access_begin;
//     user_access_begin();
//
//     // with operands
//     inline constexpr auto hweight64 =
//         inlay::alternative<call<&sw_hweight64>(), when<cpu.popcnt, popcnt(rax, rdi)>>{}
//             .takes<rdi>().returns<rax, uint64_t>();
//     int n = hweight64(x);
//
// How it works. The type holds the forms. Each use emits the original into .text, padded with nops to the longest
// form, and a record of 8 bytes into section inlay_alternatives. Before apply() runs, the original executes. apply()
// walks the `when`s from the last one to the first. The first `when` that holds gives the bytes; otherwise the
// original stays. An empty original (`none`) is only padding; an empty form becomes nops.
//
// If two forms have an instruction boundary at the same byte, they must have pushed the same number of words there. An
// unwinder that stops at this byte cannot know the form. objtool checks this rule in Linux; here the compiler checks
// it. Padding counts as instructions.
//
// A `when` that can never win is an error: the list is in the wrong order, or a predicate is wrong (wins.hpp).
//
// Compare ALTERNATIVE, ALTERNATIVE_2, ALTERNATIVE_TERNARY and ALT_NOT in Linux's asm/alternative.h.
#pragma once

#include "inlay/arch/mnemonics.hpp"
#include "inlay/describe.hpp"
#include "inlay/traits.hpp"
#include "inlay/when.hpp"
#include "inlay/wins.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {

/// `Count` bytes of nop, in as few instructions as possible.
template <unsigned Count>
consteval code<> make_padding() { // a template, because Clang 14 evaluates a plain nop(Count) before it knows Count
    return arch::insn::nop(Count);
}
template <unsigned Count>
inline constexpr code<> padding = make_padding<Count>();

/// A use of the stack rule.
template <unsigned FirstOrdinal, auto FirstForm, unsigned SecondOrdinal, auto SecondForm, unsigned Length>
struct stack_rule {
    static consteval bool reaches(const machine_code& form, unsigned at) {
        return at < form.length || form.falls_through;
    }

    static consteval unsigned disagreement() {
        const machine_code first = FirstForm + padding<Length - FirstForm.length>;
        const machine_code second = SecondForm + padding<Length - SecondForm.length>;
        for (unsigned at = 0; at <= Length; ++at) {
            const bool boundary = at == Length || (first.boundary(at) && second.boundary(at));
            if (boundary && reaches(FirstForm, at) && reaches(SecondForm, at) && first.depth(at) != second.depth(at)) {
                return at;
            }
        }
        return max_code_length + 1;
    }
};

template <class First, int FirstPushed, class Second, int SecondPushed, unsigned AtByte>
struct forms_of_an_alternative_agree_about_the_stack {
    static_assert(
        AtByte > max_code_length,
        "inlay: two forms of an alternative both have an instruction boundary at byte `AtByte`, but have "
        "pushed different amounts there. `First` and `Second` show each form's number (0 is the original) and "
        "its instructions, without padding. `FirstPushed` and `SecondPushed` are in words. Give them the same "
        "stack effect up to this byte, or move the boundary by splitting or padding an instruction");
    static constexpr bool value = true;
};

/// True, or an error that shows both forms.
template <unsigned FirstOrdinal, auto FirstForm, unsigned SecondOrdinal, auto SecondForm, unsigned Length>
[[nodiscard]] consteval bool forms_agree_about_the_stack() {
    using rule = stack_rule<FirstOrdinal, FirstForm, SecondOrdinal, SecondForm, Length>;
    constexpr unsigned at = rule::disagreement();
    if constexpr (at <= max_code_length) {
        return forms_of_an_alternative_agree_about_the_stack<
            shown::form_of<FirstOrdinal, FirstForm>, FirstForm.depth(at), shown::form_of<SecondOrdinal, SecondForm>,
            SecondForm.depth(at), at>::value;
    } else {
        return true;
    }
}

/// The registers that `Form` changes although its site does not say so: bit n for register n. A form that never comes
/// back may change any register.
template <auto Form, unsigned Allowed>
inline constexpr unsigned undeclared_registers =
    Form.falls_through ? static_cast<unsigned>(Form.writes_mask) & ~Allowed & ~(1U << arch::emit::stack_number) : 0U;

template <class Form, shown::general_register Register>
struct forms_change_only_what_the_site_says {
    static_assert(
        size_of<Form> == 0,
        "inlay: a form of this alternative changes a register that the site neither returns nor clobbers, and "
        "the compiler would keep a value there. `Register` names it; `Form` shows the form's number (0 is "
        "the original) and its instructions. Add .clobbers<rcx>(), for example, also if it is among "
        "takes<...>(), or push and pop it in the form");
    static constexpr bool value = true;
};
template <class Form>
struct bytes_say_what_they_change {
    static_assert(size_of<Form> == 0,
                  "inlay: a form has bytes(...) and does not name the registers that they change. Write, for example, "
                  "bytes(0x0f, 0xc8).reads<eax>().writes<eax>(), or bytes(...).writes<>() if they change no general "
                  "register. `Form` shows the form's number (0 is the original) and its instructions");
    static constexpr bool value = true;
};
template <class Form>
struct vector_registers_are_kept_or_the_site_says_so {
    static_assert(size_of<Form> == 0,
                  "inlay: a form of this alternative loads the vector registers (xrstor, xrstors, fxrstor), and the "
                  "compiler would keep values there: add .clobbers_all(). `Form` shows the form's number (0 is the "
                  "original) and its instructions");
    static constexpr bool value = true;
};

[[nodiscard]] consteval unsigned lowest_register(unsigned mask) {
    unsigned number = 0;
    while (number < 32 && (mask >> number & 1U) == 0) {
        ++number;
    }
    return number;
}

template <unsigned Allowed, bool Vectors, unsigned Ordinal, auto Form>
[[nodiscard]] consteval bool form_changes_only() {
    if constexpr (Form.unstated) {
        return bytes_say_what_they_change<shown::form_of<Ordinal, Form>>::value;
    } else if constexpr (undeclared_registers<Form, Allowed> != 0) {
        constexpr unsigned which = lowest_register(undeclared_registers<Form, Allowed>);
        return forms_change_only_what_the_site_says<shown::form_of<Ordinal, Form>,
                                                    shown::general_register{which}>::value;
    } else if constexpr (!Vectors && Form.falls_through && (Form.writes_mask & vectors_bit) != 0) {
        return vector_registers_are_kept_or_the_site_says_so<shown::form_of<Ordinal, Form>>::value;
    } else {
        return true;
    }
}
template <unsigned Allowed, bool Vectors, unsigned Ordinal>
[[nodiscard]] consteval bool forms_change_only() {
    return true;
}
template <unsigned Allowed, bool Vectors, unsigned Ordinal, auto Form, auto... Forms>
[[nodiscard]] consteval bool forms_change_only() {
    return form_changes_only<Allowed, Vectors, Ordinal, Form>() &&
           forms_change_only<Allowed, Vectors, Ordinal + 1, Forms...>();
}

/// Stand-ins where a declaration has no name, and a site no result.
struct unnamed {};
struct no_register {};

template <auto Name>
inline constexpr auto name_pointer = &name_text<Name>::value;
template <>
inline constexpr const char* name_pointer<unnamed{}> = nullptr;

/// A declaration's identity in the tables: its name, if it has one, and its forms.
template <auto Name, auto Original, class... Whens>
struct declaration {
    static constexpr unsigned length = [] {
        unsigned longest = Original.length;
        ((longest = Whens::code.length > longest ? Whens::code.length : longest), ...);
        return longest;
    }();
    static constexpr code<> fill = padding<length - Original.length>; ///< after the original
    static constexpr called calls = [] {
        called most = Original.calls;
        ((most = Whens::code.calls > most ? Whens::code.calls : most), ...);
        return most;
    }();
    static constexpr bool moves_stack = Original.moves_stack() || (Whens::code.moves_stack() || ...);
    static constexpr bool falls_through = Original.falls_through || (Whens::code.falls_through || ...);

    template <unsigned Ordinal, auto Form, unsigned OtherOrdinal, auto... Others>
    static consteval bool compare_with_others() {
        if constexpr (sizeof...(Others) == 0) {
            return true;
        } else {
            return compare_with_first<Ordinal, Form, OtherOrdinal, Others...>();
        }
    }
    template <unsigned Ordinal, auto Form, unsigned OtherOrdinal, auto Other, auto... Others>
    static consteval bool compare_with_first() {
        return forms_agree_about_the_stack<Ordinal, Form, OtherOrdinal, Other, length>() &&
               compare_with_others<Ordinal, Form, OtherOrdinal + 1, Others...>();
    }
    template <unsigned Ordinal, auto Form, auto... Others>
    static consteval bool compare_all() {
        if constexpr (sizeof...(Others) == 0) {
            return true;
        } else {
            return compare_with_others<Ordinal, Form, Ordinal + 1, Others...>() &&
                   compare_all<Ordinal + 1, Others...>();
        }
    }
    /// Writes the tables and the macro of the site, once a unit; no instruction.
    [[gnu::always_inline]] static void describe() noexcept {
        describe_choices<declaration, name_pointer<Name>, length, Original, Whens...>();
        describe_code<fill>::run();
        emit::site_macro<declaration, Original, fill, sizeof...(Whens)>();
    }

    static_assert(length > 0, "inlay: every form of this alternative is empty; give one of them an instruction");
    static_assert(compare_all<0, Original, Whens::code...>());
    static_assert(each_when_can_win<Whens...>());
};

/// A value as the word that goes into a register; signed values keep their value.
template <class T>
[[gnu::always_inline]] inline arch::emit::word word_of(T value) noexcept {
    static_assert(detail::is_integral<T> || detail::is_enum<T> || detail::is_pointer<T>,
                  "inlay: an operand of an alternative is an integer, an enum or a pointer; pass the address of "
                  "anything else");
    static_assert(sizeof(T) <= sizeof(arch::emit::word), "inlay: an operand of an alternative fits one register");
    if constexpr (detail::is_pointer<T>) {
        return reinterpret_cast<arch::emit::word>(value);
    } else {
        return static_cast<arch::emit::word>(value);
    }
}

/// The interface between a site and the compiler: input registers, the result's register, and the registers that
/// change.
template <class Result, auto ResultRegister, bool ClobbersAll, unsigned Clobbers, auto... Inputs>
struct operands {
    using result = Result;
    static constexpr auto result_register = ResultRegister;
    static constexpr bool clobbers_all = ClobbersAll;
    static constexpr unsigned clobbers = Clobbers; ///< bit n: register n changes, be it an input or not
    static constexpr size_t inputs = sizeof...(Inputs);

    template <class... Arguments>
    [[gnu::always_inline]] static arch::emit::inputs load(Arguments... arguments) noexcept {
        arch::emit::inputs in{};
        (arch::emit::load<Inputs.number>(in, word_of(arguments)), ...);
        return in;
    }

    static constexpr unsigned mask = arch::emit::input_mask<Inputs...>;
};

template <class Declaration, auto Name, class Operands, auto Original, class... Whens>
struct site {
    /// The same alternative with operands in `Registers`, one argument each, in this order.
    template <auto... Registers>
    [[nodiscard]] consteval auto takes() const {
        static_assert(Operands::inputs == 0, "inlay: takes<...>() may be given once; name all registers in it");
        return site<Declaration, Name,
                    operands<typename Operands::result, Operands::result_register, Operands::clobbers_all,
                             Operands::clobbers, Registers...>,
                    Original, Whens...>{};
    }

    /// The same alternative with a result of type `Result` in `Register`.
    template <auto Register, class Result>
    [[nodiscard]] consteval auto returns() const {
        static_assert(arch::emit::can_return<Register>,
                      "inlay: an alternative returns in the register that functions return in (x86: rax or edx_eax, in "
                      "32-bit mode eax or edx_eax; AArch64: x0)");
        static_assert(detail::is_integral<Result> || detail::is_enum<Result> || detail::is_pointer<Result>,
                      "inlay: an alternative returns an integer, an enum or a pointer");
        static_assert(sizeof(Result) <= sizeof(arch::emit::result<Register>(arch::emit::outputs{})),
                      "inlay: an alternative returns what its register holds: the result fits it");
        return with_result<Result, Register>(Operands{});
    }

    /// The same alternative, changing `Registers` as well. A form writes these registers in addition to its result. An
    /// input that a form changes is named here, too. (rdtscp writes rcx:
    /// `.returns<edx_eax, uint64_t>().clobbers<rcx>()`.)
    template <auto... Registers>
    [[nodiscard]] consteval auto clobbers() const {
        return with_clobbers<arch::emit::clobber_mask<Registers...>>(Operands{});
    }

    /// The same alternative, changing every register that a function may change.
    [[nodiscard]] consteval auto clobbers_all() const { return with_all_clobbers(Operands{}); }

    /// The same alternative under a name, for reports.
    template <name NewName>
    [[nodiscard]] consteval auto named() const {
        return site<declaration<NewName, Original, Whens...>, NewName, Operands, Original, Whens...>{};
    }

    template <class... Arguments>
    [[gnu::always_inline]] inline typename Operands::result operator()(Arguments... arguments) const noexcept {
        static_assert(sizeof...(Arguments) == Operands::inputs,
                      "inlay: as many arguments as registers named by takes<...>()");
        static_assert(Original.depth(max_code_length) == 0 || !Original.falls_through,
                      "inlay: an alternative in a C++ function must leave the stack as it found it; entry code uses "
                      "inlay/asm.h");
        using describes = Declaration;
        if constexpr (describes::calls != called::nothing) {
            emit::tell_of_call();
        }
        if constexpr (describes::calls != called::nothing || describes::moves_stack) {
            emit::no_red_zone();
        }
        if constexpr (describes::moves_stack) {
            emit::needs_frame_pointer();
        }
        constexpr auto keeps = arch::emit::keeps_of(Operands::clobbers_all ? called::ordinary : describes::calls);
        constexpr auto gives = arch::emit::gives_in<Operands::result_register>;
        static_assert(changes_no_other_register<arch::emit::changed_by_site(gives, keeps, Operands::clobbers),
                                                keeps != arch::emit::keeps::all>());
        const auto out =
            arch::emit::site<describes, Operands::mask, gives, keeps, Operands::clobbers>(Operands::load(arguments...));
        if constexpr (!describes::falls_through) {
            __builtin_unreachable();
        } else if constexpr (!detail::is_void<typename Operands::result>) {
            return result_of<typename Operands::result>(arch::emit::result<Operands::result_register>(out));
        }
    }

private:
    template <unsigned Allowed, bool Vectors>
    static consteval bool changes_no_other_register() {
        return forms_change_only<Allowed, Vectors, 0, Original, Whens::code...>();
    }
    template <class Result, auto Register, class Old, auto OldRegister, bool All, unsigned Clobbers, auto... Inputs>
    static consteval auto with_result(operands<Old, OldRegister, All, Clobbers, Inputs...>) {
        return site<Declaration, Name, operands<Result, Register, All, Clobbers, Inputs...>, Original, Whens...>{};
    }
    template <class Result, auto Register, bool All, unsigned Clobbers, auto... Inputs>
    static consteval auto with_all_clobbers(operands<Result, Register, All, Clobbers, Inputs...>) {
        return site<Declaration, Name, operands<Result, Register, true, Clobbers, Inputs...>, Original, Whens...>{};
    }
    template <unsigned More, class Result, auto Register, bool All, unsigned Clobbers, auto... Inputs>
    static consteval auto with_clobbers(operands<Result, Register, All, Clobbers, Inputs...>) {
        return site<Declaration, Name, operands<Result, Register, All, Clobbers | More, Inputs...>, Original,
                    Whens...>{};
    }

    /// Only the low bits of a register count: a bool is 8 bits.
    template <class Result, class Word>
    [[gnu::always_inline]] static Result result_of(Word value) noexcept {
        if constexpr (detail::is_pointer<Result>) {
            return reinterpret_cast<Result>(value);
        } else if constexpr (detail::same<Result, bool>) {
            return static_cast<uint8_t>(value) != 0;
        } else {
            return static_cast<Result>(value);
        }
    }
};

template <class T>
inline constexpr bool is_when = false;
template <auto Predicate, auto Code>
inline constexpr bool is_when<when<Predicate, Code>> = true;

} // namespace detail

/// `Original`, or the code of the last `when` whose predicate holds. Calling it runs the site. Thread-safe before and
/// after apply(), not during it.
template <auto Original, class... Whens>
struct alternative : detail::site<detail::declaration<detail::unnamed{}, Original, Whens...>, detail::unnamed{},
                                  detail::operands<void, detail::no_register{}, false, 0>, Original, Whens...> {
    static_assert(detail::is_code<detail::plain<decltype(Original)>>,
                  "inlay: the first argument of alternative is its original code, e.g. nop(3)");
    static_assert((detail::is_when<Whens> && ...), "inlay: write alternative<original, when<predicate, code>, ...>");
};

/// `Unpatched` until apply() ran; then `Yes` where `Predicate` holds and `No` where not. Each must be possible.
/// (Linux's ALTERNATIVE_TERNARY: `No` always, then `Yes` by the predicate; the last match wins.)
template <auto Predicate, auto Yes, auto No, auto Unpatched>
using ternary = alternative<Unpatched, when<always, No>, when<Predicate, Yes>>;

} // namespace inlay
