// SPDX-License-Identifier: BSL-1.0
//
// describe: from declarations (types) to descriptions (tables).
//
//     describe_choices<Declaration, Name, Length, Original, Whens...>();      // once a unit; writes no instruction
//
// How it works. Each function here walks a type, and calls a function of emit/tables.hpp that writes one struct of
// table.hpp for it. The innermost comes first, since an assembler macro must be defined before its use. A call at every
// site is free at run time: after the first site of a unit the assembler skips the text.
#pragma once

#include "inlay/anchor.hpp"
#include "inlay/arch/arch.hpp"
#include "inlay/code.hpp"
#include "inlay/emit/emit.hpp"
#include "inlay/feature.hpp"
#include "inlay/table.hpp"
#include "inlay/traits.hpp"
#include "inlay/when.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {

template <auto Symbol>
[[gnu::always_inline]] inline void describe_symbol() noexcept {
    if constexpr (is_preserving<Symbol>) {
        constexpr auto function = symbol_kind<detail::plain<decltype(Symbol)>>::function;
        using result = typename reachable<function>::result;
        static_assert(detail::is_void<result> || detail::is_scalar<result>,
                      "inlay: a function called from an alternative returns void, an integer, an enum or a pointer; "
                      "use inlay::dispatch for other results");
        static_assert(!detail::is_floating_point<result>,
                      "inlay: a function called from an alternative cannot return a floating-point number; "
                      "use inlay::dispatch");
        arch::emit::write_thunk<function>();
    }
}

// By type, not by value. If a function took the code, Clang would put the code into memory, under one name for
// different units' codes with static functions.
template <auto Code, class Type = detail::plain<decltype(Code)>>
struct describe_code;
template <auto Code, auto... Symbols>
struct describe_code<Code, code<Symbols...>> {
    [[gnu::always_inline]] static void run() noexcept {
        (describe_symbol<Symbols>(), ...);
        arch::emit::code_macro<Code, Symbols...>();
    }
};

/// The operation that a code calls through its pointer; void if it is other code.
template <class Code>
struct operation_called {
    using type = void;
};
template <auto Symbol>
    requires is_operation<detail::plain<decltype(Symbol)>>
struct operation_called<code<Symbol>> {
    using type = detail::plain<decltype(Symbol)>;
};

template <auto Code>
[[gnu::always_inline]] inline void describe_form() noexcept {
    using operation = typename operation_called<detail::plain<decltype(Code)>>::type;
    describe_code<Code>::run();
    emit::form<Code, operation>();
}

template <class Probe>
consteval table::probe_kind kind_of_probe() {
    if constexpr (detail::same<Probe, by_hand>) {
        return table::probe_kind::by_hand;
    } else if constexpr (requires(Probe probe) { probe.encode(); }) {
        return table::probe_kind::cpu;
    } else {
        static_assert(detail::gives<Probe, bool>,
                      "inlay: a feature's probe is by_hand{}, an architecture's probe such as x86::cpuid{...}, or a "
                      "captureless function bool()");
        return table::probe_kind::function;
    }
}

template <name Name, auto Probe>
[[gnu::always_inline]] inline void describe_feature() noexcept {
    constexpr auto kind = kind_of_probe<detail::plain<decltype(Probe)>>();
    if constexpr (kind == table::probe_kind::cpu) {
        constexpr table::probe_words words = Probe.encode();
        emit::feature<inlay::feature<Name, Probe>, kind, &name_text<Name>::value, words.word[0], words.word[1],
                      words.word[2], 0>();
    } else if constexpr (kind == table::probe_kind::function) {
        emit::feature<inlay::feature<Name, Probe>, kind, &name_text<Name>::value, 0U, 0U, 0U,
                      &probe_function<Probe>::call>();
    } else {
        emit::feature<inlay::feature<Name, Probe>, kind, &name_text<Name>::value, 0U, 0U, 0U, 0>();
    }
}

/// Writes the nodes of a predicate, its operands first.
template <class Predicate>
struct describe_predicate;

template <>
struct describe_predicate<always_t> {
    [[gnu::always_inline]] static void run() noexcept {
        emit::predicate<always_t, table::predicate_op::always, always_t, always_t>();
    }
};
template <>
struct describe_predicate<never_t> {
    [[gnu::always_inline]] static void run() noexcept {
        emit::predicate<never_t, table::predicate_op::never, never_t, never_t>();
    }
};
template <name Name, auto Probe>
struct describe_predicate<feature<Name, Probe>> {
    using self = feature<Name, Probe>;
    [[gnu::always_inline]] static void run() noexcept {
        describe_feature<Name, Probe>();
        emit::predicate<self, table::predicate_op::feature, self, self>();
    }
};
template <name Name, auto Probe>
struct describe_predicate<not_<feature<Name, Probe>>> {
    using operand = feature<Name, Probe>;
    [[gnu::always_inline]] static void run() noexcept {
        describe_feature<Name, Probe>();
        emit::predicate<not_<operand>, table::predicate_op::not_feature, operand, operand>();
    }
};

/// How deep the tree of a predicate is.
template <class Predicate>
inline constexpr unsigned depth_of = 0;

/// A list of predicates, cut in two: the predicates `from` up to `to` are one half. To keep the tree shallow, equally
/// deep predicates are divided into equal halves, and a deep predicate is near the root, alone.
struct cut {
    size_t from, to;
};
template <class... List>
consteval cut cut_of() {
    constexpr unsigned depths[] = {depth_of<List>...}; // NOLINT(*-avoid-c-arrays): no header for std::array
    constexpr size_t count = sizeof...(List);
    constexpr unsigned much = 8;
    size_t deepest = 0;
    for (size_t i = 1; i < count; ++i) {
        deepest = depths[i] > depths[deepest] ? i : deepest;
    }
    if (depths[deepest] >= much) {
        return {deepest, deepest + 1};
    }
    // A subtree of depth d has room for 2^d leaves.
    unsigned right = 0;
    for (const unsigned each : depths) {
        right += 1U << each;
    }
    unsigned left = 0;
    size_t end = 0;
    while (end + 1 < count && (end == 0 || left + 2 * (1U << depths[end]) <= right)) {
        left += 1U << depths[end];
        right -= 1U << depths[end];
        ++end;
    }
    return {0, end};
}

/// Some predicates as a junction of their own; one alone is itself.
template <template <class...> class Junction, class... List>
struct junction_of {
    using type = Junction<List...>;
};
template <template <class...> class Junction, class Only>
struct junction_of<Junction, Only> {
    using type = Only;
};

/// The two halves of a list, in its order.
template <template <class...> class Junction, cut Where, size_t Index, class First, class Second, class... List>
struct halves;
template <template <class...> class Junction, cut Where, size_t Index, class... First, class... Second>
struct halves<Junction, Where, Index, Junction<First...>, Junction<Second...>> {
    using first = typename junction_of<Junction, First...>::type;
    using second = typename junction_of<Junction, Second...>::type;
};
template <template <class...> class Junction, cut Where, size_t Index, class... First, class... Second, class Next,
          class... Rest>
    requires(Index >= Where.from && Index < Where.to)
struct halves<Junction, Where, Index, Junction<First...>, Junction<Second...>, Next, Rest...>
    : halves<Junction, Where, Index + 1, Junction<First..., Next>, Junction<Second...>, Rest...> {};
template <template <class...> class Junction, cut Where, size_t Index, class... First, class... Second, class Next,
          class... Rest>
    requires(Index < Where.from || Index >= Where.to)
struct halves<Junction, Where, Index, Junction<First...>, Junction<Second...>, Next, Rest...>
    : halves<Junction, Where, Index + 1, Junction<First...>, Junction<Second..., Next>, Rest...> {};

/// A junction as a node: it has two predicates, and each may be a junction of the same kind.
template <table::predicate_op Op, template <class...> class Junction, class... List>
struct describe_junction {
    using both = halves<Junction, cut_of<List...>(), 0, Junction<>, Junction<>, List...>;
    using first = typename both::first;
    using second = typename both::second;
    static constexpr unsigned depth = 1 + (depth_of<first> > depth_of<second> ? depth_of<first> : depth_of<second>);

    [[gnu::always_inline]] static void run() noexcept {
        static_assert(depth <= table::deepest_tree,
                      "inlay: a predicate is nested more than 128 deep: make a part of it a feature of its own, whose "
                      "probe is a function");
        describe_predicate<first>::run();
        describe_predicate<second>::run();
        emit::predicate<Junction<List...>, Op, first, second>();
    }
};
template <class... List>
struct describe_predicate<all_of<List...>> : describe_junction<table::predicate_op::all, all_of, List...> {};
template <class... List>
struct describe_predicate<any_of<List...>> : describe_junction<table::predicate_op::any, any_of, List...> {};
template <class... List>
inline constexpr unsigned depth_of<all_of<List...>> = describe_predicate<all_of<List...>>::depth;
template <class... List>
inline constexpr unsigned depth_of<any_of<List...>> = describe_predicate<any_of<List...>>::depth;

/// Writes the choices that follow ordinal `Before`, one for each `when`.
template <class Declaration, auto* Name, unsigned Length, unsigned Before>
[[gnu::always_inline]] inline void describe_whens() noexcept {}
template <class Declaration, auto* Name, unsigned Length, unsigned Before, class When, class... Whens>
[[gnu::always_inline]] inline void describe_whens() noexcept {
    using held = detail::plain<decltype(When::holds)>;
    describe_predicate<held>::run();
    if constexpr (Length != 0) {
        describe_form<When::code>();
        emit::choice<Declaration, Before + 1, of_code<When::code>, held, Name, Length>();
    } else {
        emit::choice<Declaration, Before + 1, void, held, Name, 0>();
    }
    describe_whens<Declaration, Name, Length, Before + 1, Whens...>();
}

/// Writes the choices of an alternative, the original (ordinal 0) first; each refers to the one before it.
/// A site's record refers to the last one.
template <class Declaration, auto* Name, unsigned Length, auto Original, class... Whens>
[[gnu::always_inline]] inline void describe_choices() noexcept {
    static_assert(sizeof...(Whens) < table::longest_list,
                  "inlay: at most 254 `when`s: join those of one form by ||, or have a function decide (dispatch)");
    describe_form<Original>();
    emit::choice<Declaration, 0, of_code<Original>, always_t, Name, Length>();
    describe_whens<Declaration, Name, Length, 0, Whens...>();
}

/// The same for functions in place of forms: the ordinal is the number of the callee's target.
template <class Declaration, auto* Name, class... Whens>
[[gnu::always_inline]] inline void describe_targets() noexcept {
    static_assert(sizeof...(Whens) < table::longest_list,
                  "inlay: at most 254 `when`s: join those of one function by ||");
    emit::choice<Declaration, 0, void, always_t, Name, 0>();
    describe_whens<Declaration, Name, 0, 0, Whens...>();
}

} // namespace detail
/// Gives a predicate a name that assembly files can use with asm.h: `Node` is declared extern "C" and hidden,
/// and defined here. Call it once in the program, in a function that is linked in; it does nothing at run time.
template <const table::predicate_node* Node, auto Predicate>
    requires predicate<decltype(Predicate)>
[[gnu::always_inline]] inline void name_for_assembly() noexcept {
    detail::describe_predicate<detail::plain<decltype(Predicate)>>::run();
    emit::global_predicate<detail::plain<decltype(Predicate)>, Node>();
}

} // namespace inlay
