// SPDX-License-Identifier: BSL-1.0
//
// code_rules: rules about the machine code of a program, which the program declares and `inlay check` proves.
//
//     namespace rules = inlay::rules;
//     using namespace inlay::aarch64::insn;                        // names of registers, kinds of barriers
//
//     inline constexpr auto sgi_after_stores =
//         rules::each(rules::msr(icc_sgi1r_el1))
//             .after(rules::dsb(barrier::ishst, barrier::ish, barrier::st, barrier::sy))
//             .without(rules::store, rules::call)
//             .because("an SGI is sent when the stores before it are complete");
//     inline constexpr auto pmu_if_there_is_one =
//         rules::each(rules::pmu_registers).only_when<inlay::cpu.pmuv3>().because("there may be no PMU");
//     template struct inlay::code_rules<sgi_after_stores, pmu_if_there_is_one>; // in one source of the program
//
// A rule is about each instruction that fits a pattern, and demands one thing of it:
//
//     .never()             no such instruction is in the text
//     .after(Y...)         each path to it goes through one of Y: they dominate it
//     .then(Y...)          each path from it meets one of Y before the function returns
//     .next(Y...)          the next instruction is one of Y
//     .only_when<P>()      no path leads to it on a machine where the predicate P does not hold
//     .times(n)            there are exactly n: in all functions of in(...), in each form of in_sites(...), or in the text
//
// and may say more about the paths and the places:
//
//     .without(Z...)       after, then: no Z is between it and Y
//     .since(A...)         never, after: only paths that begin at one of A, in the function of A
//     .until(B...)         with since: the path ends at one of B. (The region from A to B.)
//     .reached_from("f")   never, after: only paths from the entry of these functions
//     .over_calls()        paths go on after a call, and not into it
//     .where<P>()          only on machines where P holds, once apply() has run
//     .in("ns::f"), .outside("ns::f"), .in_sites("gic.*"), .outside_sites("gic.*")
//                          only such instructions in these functions or sites, or in none of them
//     .if_any()            it is no error if no such instruction exists
//
// A place that no instruction marks gets a name:
//
//     inlay::code_point<"counted">();          // no instruction; accesses to memory do not move across it
//     ... rules::each(rules::point("counted")).since(rules::point("recorded")).after(rules::dmb(barrier::ishst)) ...
//
// How it works. A rule is a text of a few lines, made while compiling. code_rules<...> writes it into the section
// inlay_code_rules of the object, which no loader reads; a code point leaves an address and its name in
// inlay_code_points. docs/checker.md has the format, and says what the checker follows and what it refuses.
//
// The pages of instructions: Arm Architecture Reference Manual (DDI 0487), C5 and C6; Intel SDM, volume 2.
#pragma once

#include "inlay/emit/code_rules.hpp"
#include "inlay/name.hpp"
#include "inlay/predicate_text.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace rules {

namespace detail {

/// Characters as words of 32 bits, in the order of memory (little endian).
[[nodiscard]] consteval int word_of(const char* text, size_t length, size_t index) noexcept {
    uint32_t word = 0;
    for (size_t i = 4; i-- > 0;) {
        const size_t at = 4 * index + i;
        word = word << 8 | (at < length ? static_cast<uint8_t>(text[at]) : 0U);
    }
    return static_cast<int>(word);
}

/// What a declaration got wrong; code_rules<...> has the sentences.
enum class mistake : uint8_t {
    none,
    too_long,
    characters,
    instruction,
    barrier,
    no_access,
    two_demands,
    nothing_between,
    until_alone,
    since_not_here,
    empty_list,
    count,
};

inline constexpr const char* x86_instructions =
    " cli sti pushf popf swapgs rdpmc rdmsr wrmsr rdtsc rdtscp cpuid hlt iret sysret sysexit syscall sysenter lfence "
    "mfence sfence pause clac stac invlpg invpcid wbinvd invd wbnoinvd clflush clflushopt clwb xgetbv xsetbv rdpkru "
    "wrpkru rdfsbase rdgsbase wrfsbase wrgsbase lgdt lidt lldt ltr sgdt sidt sldt str lmsw smsw clts monitor mwait "
    "vmcall vmmcall in out int3 ud2 ";
inline constexpr const char* aarch64_instructions = " isb eret svc hvc smc wfi wfe sev yield ";

[[nodiscard]] consteval bool has_word(const char* list, const char* name) noexcept {
    size_t length = 0;
    while (name[length] != '\0') {
        ++length;
    }
    return inlay::detail::is_word_of(list, name, length);
}

} // namespace detail

/// Instructions, by text: "dsb ishst | dsb sy". `a | b` fits both.
class pattern {
public:
    static constexpr size_t longest = 240;

    consteval pattern() = default;
    consteval explicit pattern(const char* one) { add(one); }
    consteval pattern(const char* head, const char* name) {
        add(head);
        for (const char* each = name; *each != '\0'; ++each) {
            wrong = *each == '|' || *each == '\n' ? detail::mistake::characters : wrong;
        }
        wrong = *name == '\0' ? detail::mistake::characters : wrong;
        add(name);
    }
    consteval pattern(const char* one, detail::mistake what) : pattern{one} { wrong = what; }

    /// Either of both.
    [[nodiscard]] friend consteval pattern operator|(const pattern& a, const pattern& b) {
        pattern both = a;
        both.add(a.text[0] == '\0' ? "" : " | ");
        both.add(b.text);
        both.wrong = both.wrong == detail::mistake::none ? b.wrong : both.wrong;
        return both;
    }

    consteval void add(const char* more) {
        for (; *more != '\0'; ++more) {
            if (length + 1 < longest) {
                text[length++] = *more;
            } else {
                wrong = detail::mistake::too_long;
            }
        }
    }

    char text[longest]{}; // NOLINT(*-avoid-c-arrays): no header for std::array
    size_t length{};
    detail::mistake wrong{detail::mistake::none};
};

// ---- Patterns of all architectures

inline constexpr pattern call{"call"};      ///< also through a pointer
inline constexpr pattern returns{"return"}; ///< also of an exception: iret, eret
inline constexpr pattern store{"store"};    ///< writes memory: also push and call on x86, and atomic operations
inline constexpr pattern load{"load"};      ///< reads memory: also pop and ret on x86, and atomic operations
/// A call, or a jump, to a function by its name as a debugger shows it, without parameters: "ns::f".
[[nodiscard]] consteval pattern call_of(const char* function) { return {"call ", function}; }
/// Any instruction of a function.
[[nodiscard]] consteval pattern function(const char* name) { return {"function ", name}; }
/// The place of code_point<"name">().
[[nodiscard]] consteval pattern point(const char* name) { return {"point ", name}; }

// ---- x86

/// An instruction by its mnemonic in the manual, without a suffix for its size: "popf", "swapgs", "rdpmc", "iret".
[[nodiscard]] consteval pattern instruction(const char* mnemonic) {
    if (detail::has_word(detail::x86_instructions, mnemonic)) {
        return {"x86 ", mnemonic};
    }
    return detail::has_word(detail::aarch64_instructions, mnemonic) ? pattern{"a64 ", mnemonic}
                                                                    : pattern{mnemonic, detail::mistake::instruction};
}

// ---- AArch64

namespace detail {

/// No template: Clang 14 refuses a local pattern in one.
[[nodiscard]] consteval pattern of_number(const char* head, unsigned number, bool refused) {
    constexpr const char* digits = "0123456789abcdef";
    const char text[] = {digits[number >> 12 & 15U], digits[number >> 8 & 15U], digits[number >> 4 & 15U], // NOLINT
                         digits[number & 15U], '\0'};
    pattern made{head};
    made.add(text);
    made.wrong = refused ? mistake::no_access : made.wrong;
    return made;
}

template <class Register>
[[nodiscard]] consteval pattern of_register(const char* head, Register which, int refused) {
    return of_number(head, which.number, static_cast<int>(which.access) == refused);
}

/// The names of the options of dsb and dmb, by their number (C6.2, DSB).
[[nodiscard]] consteval const char* name_of_option(unsigned option) noexcept {
    constexpr const char* names[] = {"", "oshld", "oshst", "osh", "", "nshld", "nshst", "nsh", // NOLINT
                                     "", "ishld", "ishst", "ish", "", "ld",    "st",    "sy"};
    return option < 16 ? names[option] : "";
}

[[nodiscard]] consteval pattern of_option(const char* head, unsigned option) {
    const char* const name = name_of_option(option);
    return *name != '\0' ? pattern{head, name} : pattern{head, mistake::barrier};
}

template <class... Options>
[[nodiscard]] consteval pattern of_barrier(const char* head, Options... options) {
    if constexpr (sizeof...(options) == 0) {
        return of_option(head, 0);
    } else {
        return (of_option(head, static_cast<unsigned>(options)) | ...);
    }
}

} // namespace detail

/// A read or write of a system register (arch/aarch64/system_registers.hpp).
template <class Register>
[[nodiscard]] consteval pattern mrs(Register which) {
    return detail::of_register("mrs ", which, 2); // register_access::write_only
}
template <class Register>
[[nodiscard]] consteval pattern msr(Register which) {
    return detail::of_register("msr ", which, 1); // register_access::read_only
}
/// Either.
template <class Register>
[[nodiscard]] consteval pattern access(Register which) {
    return detail::of_register("access ", which, -1);
}
/// Reads and writes of all registers of the performance monitors, or of the GIC's CPU interface.
inline constexpr pattern pmu_registers{"access pmu"};
inline constexpr pattern gic_registers{"access gic"};

/// A barrier of one of the kinds: dsb(barrier::ishst, barrier::sy).
template <class... Options>
[[nodiscard]] consteval pattern dsb(Options... options) {
    return detail::of_barrier("dsb ", options...);
}
/// The same of dmb.
template <class... Options>
[[nodiscard]] consteval pattern dmb(Options... options) {
    return detail::of_barrier("dmb ", options...);
}
inline constexpr pattern any_barrier{"barrier"}; ///< every dsb and dmb, not isb
inline constexpr pattern isb{"a64 isb"};         ///< with any option
/// Cache maintenance by address: "ivac", "cvac", "cvau", "civac"; instruction caches: "ivau", "iallu", "ialluis".
[[nodiscard]] consteval pattern dc(const char* operation) {
    return detail::has_word(" ivac cvac cvau civac ", operation) ? pattern{"dc ", operation}
                                                                 : pattern{operation, detail::mistake::instruction};
}
[[nodiscard]] consteval pattern ic(const char* operation) {
    return detail::has_word(" ivau iallu ialluis ", operation) ? pattern{"ic ", operation}
                                                               : pattern{operation, detail::mistake::instruction};
}

// ---- Rules

/// A rule under construction: each() begins it. Each function returns the rule with one line more.
class rule {
public:
    static constexpr size_t longest = 1024;

    consteval rule(const pattern& each, const char* file, int line) {
        add("inlay code rule 1\n");
        add_line("each: ", each);
        const char* base = file;
        for (const char* at = file; *at != '\0'; ++at) {
            base = *at == '/' ? at + 1 : base;
        }
        add("declared: ");
        add(base);
        add(":");
        add_number(static_cast<unsigned>(line));
        add("\n");
    }

    // ---- One of these

    /// No such instruction is in the text; with since or reached_from: none on these paths.
    [[nodiscard]] consteval rule never() const { return demand("never:\n"); }
    /// Each path to it goes through one of these.
    template <class... More>
    [[nodiscard]] consteval rule after(const pattern& first, const More&... more) const {
        return demand_any("after: ", (first | ... | more), &rule::has_path);
    }
    /// Each path from it meets one of these before the function returns.
    template <class... More>
    [[nodiscard]] consteval rule then(const pattern& first, const More&... more) const {
        return demand_any("then: ", (first | ... | more), &rule::is_then);
    }
    /// One of these is the next instruction.
    template <class... More>
    [[nodiscard]] consteval rule next(const pattern& first, const More&... more) const {
        return demand_any("next: ", (first | ... | more), &rule::is_next);
    }
    /// No path leads to it on a machine where the predicate does not hold.
    template <auto Predicate>
        requires predicate<decltype(Predicate)>
    [[nodiscard]] consteval rule only_when() const {
        return demand_text("only when: ", text_of(Predicate));
    }
    /// Exactly `count` of them, 1 to 65,535: in all functions of in(...) together, in each form of each site of
    /// in_sites(...), or in the text. No form of a site may change the number.
    [[nodiscard]] consteval rule times(unsigned count) const {
        rule made = demand("times: ");
        made.add_number(count);
        made.add("\n");
        made.wrong = count == 0 || count > 65'535 ? detail::mistake::count : made.wrong;
        made.is_next = true;
        return made;
    }

    // ---- And any of these

    /// With after and then: none of these is between the two.
    template <class... More>
    [[nodiscard]] consteval rule without(const pattern& first, const More&... more) const {
        rule made = *this;
        made.has_without = true;
        made.add_line("without: ", (first | ... | more));
        return made;
    }
    /// With never and after: paths begin after one of these, and end where its function does.
    template <class... More>
    [[nodiscard]] consteval rule since(const pattern& first, const More&... more) const {
        rule made = *this;
        made.has_since = true;
        made.add_line("since: ", (first | ... | more));
        return made;
    }
    /// With since: a path ends at one of these.
    template <class... More>
    [[nodiscard]] consteval rule until(const pattern& first, const More&... more) const {
        rule made = *this;
        made.has_until = true;
        made.add_line("until: ", (first | ... | more));
        return made;
    }
    /// With never and after: paths begin at the entries of these functions.
    template <class... More>
    [[nodiscard]] consteval rule reached_from(const char* first, const More*... more) const {
        rule made = *this;
        made.has_from = true;
        made.add_names("from: ", first, more...);
        return made;
    }
    /// Only instructions of these functions, by their names as a debugger shows them, without parameters.
    template <class... More>
    [[nodiscard]] consteval rule in(const char* first, const More*... more) const {
        return with_names("in: ", first, more...);
    }
    /// Only instructions of other functions.
    template <class... More>
    [[nodiscard]] consteval rule outside(const char* first, const More*... more) const {
        return with_names("outside: ", first, more...);
    }
    /// Only instructions of sites of these names; "gic.*" fits each name that begins so.
    template <class... More>
    [[nodiscard]] consteval rule in_sites(const char* first, const More*... more) const {
        return with_names("in sites: ", first, more...);
    }
    /// Only instructions of no such site.
    template <class... More>
    [[nodiscard]] consteval rule outside_sites(const char* first, const More*... more) const {
        return with_names("outside sites: ", first, more...);
    }
    /// The rule holds on machines where the predicate does, once apply() has run.
    template <auto Predicate>
        requires predicate<decltype(Predicate)>
    [[nodiscard]] consteval rule where() const {
        rule made = *this;
        made.add_text("where: ", text_of(Predicate));
        return made;
    }
    /// Paths go on after a call, and not into the function.
    [[nodiscard]] consteval rule over_calls() const {
        rule made = *this;
        made.add("over calls:\n");
        return made;
    }
    /// It is no error if the file has no such instruction, function or point.
    [[nodiscard]] consteval rule if_any() const {
        rule made = *this;
        made.add("if any:\n");
        return made;
    }
    /// Why: the sentence that an error begins with.
    [[nodiscard]] consteval rule because(const char* reason) const {
        rule made = *this;
        made.has_reason = *reason != '\0';
        made.add_text("rule: ", reason);
        return made;
    }

    // ---- For code_rules<...>

    [[nodiscard]] consteval size_t words() const noexcept { return length / 4 + 1; }
    [[nodiscard]] consteval int word(size_t index) const noexcept { return detail::word_of(text, length, index); }
    [[nodiscard]] consteval detail::mistake mistake() const noexcept {
        return wrong != detail::mistake::none                    ? wrong
               : has_without && !has_path && !is_then            ? detail::mistake::nothing_between
               : has_until && !has_since                         ? detail::mistake::until_alone
               : (has_since || has_from) && (is_then || is_next) ? detail::mistake::since_not_here
               : has_since && has_from                           ? detail::mistake::since_not_here
                                                                 : detail::mistake::none;
    }
    [[nodiscard]] consteval bool complete() const noexcept { return has_demand; }
    [[nodiscard]] consteval bool reasoned() const noexcept { return has_reason; }

    // Public, so that a rule is a structural type.
    char text[longest]{}; // NOLINT(*-avoid-c-arrays)
    size_t length{};
    detail::mistake wrong{detail::mistake::none};
    bool has_demand{}, has_reason{}, has_path{}, is_then{}, is_next{};
    bool has_without{}, has_since{}, has_until{}, has_from{};

private:
    template <class... Names>
    [[nodiscard]] consteval rule with_names(const char* head, const Names*... names) const {
        rule made = *this;
        made.add_names(head, names...);
        return made;
    }
    [[nodiscard]] consteval rule demand(const char* line) const {
        rule made = *this;
        made.wrong = has_demand ? detail::mistake::two_demands : wrong;
        made.has_demand = true;
        made.add(line);
        return made;
    }
    // No templates: Clang 14 refuses a local rule that a call makes in one.
    [[nodiscard]] consteval rule demand_any(const char* head, const pattern& list, bool rule::* which) const {
        rule made = demand("");
        made.add_line(head, list);
        made.*which = true;
        return made;
    }
    [[nodiscard]] consteval rule demand_text(const char* head, const char* said) const {
        rule made = demand("");
        made.add_text(head, said);
        made.is_next = true;
        return made;
    }
    consteval void add(const char* more) {
        for (; *more != '\0'; ++more) {
            if (length + 1 < longest) {
                text[length++] = *more;
            } else {
                wrong = detail::mistake::too_long;
            }
        }
    }
    consteval void add_number(unsigned number) {
        char digits[12]{}; // NOLINT(*-avoid-c-arrays)
        size_t at = sizeof digits - 1;
        for (unsigned left = number; left != 0 || at == sizeof digits - 1; left /= 10) {
            digits[--at] = static_cast<char>('0' + left % 10);
        }
        add(digits + at);
    }
    consteval void add_text(const char* head, const char* more) {
        add(head);
        for (const char* each = more; *each != '\0'; ++each) {
            wrong = *each == '\n' ? detail::mistake::characters : wrong;
        }
        wrong = *more == '\0' ? detail::mistake::characters : wrong;
        add(more);
        add("\n");
    }
    consteval void add_line(const char* head, const pattern& which) {
        add(head);
        wrong = wrong == detail::mistake::none ? which.wrong : wrong;
        wrong = which.length == 0 && wrong == detail::mistake::none ? detail::mistake::empty_list : wrong;
        add(which.text);
        add("\n");
    }
    template <class... More>
    consteval void add_names(const char* head, const char* first, const More*... more) {
        add_line(head, (name_of(first) | ... | name_of(more)));
    }
    [[nodiscard]] static consteval pattern name_of(const char* name) { return {"", name}; }
};

/// Begins a rule about each instruction that fits.
[[nodiscard]] consteval rule each(const pattern& which, const char* file = __builtin_FILE(),
                                  int line = __builtin_LINE()) {
    return {which, file, line};
}

} // namespace rules

namespace detail {

/// One sentence for each mistake.
template <const auto& Rule>
[[nodiscard]] consteval bool right_rule() noexcept {
    using inlay::rules::detail::mistake;
    constexpr mistake wrong = Rule.mistake();
    static_assert(
        wrong != mistake::too_long,
        "inlay: a code rule is too long: at most 240 characters of patterns in one list, 1,024 in all; make two "
        "rules of it");
    static_assert(
        wrong != mistake::characters,
        "inlay: a name or sentence in a code rule is empty, or has a line break or a '|' in it: give each name "
        "as an argument of its own: .in(\"f\", \"g\")");
    static_assert(wrong != mistake::instruction,
                  "inlay: a code rule does not know this instruction: write the manual's mnemonic in small letters, "
                  "without a suffix for its size: instruction(\"popf\"), dc(\"cvau\"); code_rules.hpp lists them");
    static_assert(wrong != mistake::barrier,
                  "inlay: this is no kind of a barrier: write dsb(barrier::ishst), with names of "
                  "inlay::aarch64::insn::barrier");
    static_assert(wrong != mistake::no_access,
                  "inlay: msr does not write this register, or mrs does not read it: write access(register)");
    static_assert(
        wrong != mistake::two_demands,
        "inlay: a code rule demands one thing: write one of never, after, then, next, only_when, times, and a second "
        "rule for the other");
    static_assert(
        wrong != mistake::nothing_between,
        "inlay: without(...) says what is not between two instructions: write it with after(...) or then(...)");
    static_assert(wrong != mistake::until_alone, "inlay: until(...) ends a region: write since(...) for its begin");
    static_assert(
        wrong != mistake::since_not_here,
        "inlay: since(...) and reached_from(...) say where paths begin: write one of them, with never or after");
    static_assert(wrong != mistake::empty_list, "inlay: a code rule has an empty pattern: name an instruction");
    static_assert(wrong != mistake::count, "inlay: times(n) counts 1 to 65,535 instructions: write never() for none");
    static_assert(wrong != mistake::none || Rule.complete(),
                  "inlay: this code rule demands nothing: add one of .never(), .after(...), .then(...), .next(...), "
                  ".only_when<...>(), .times(...)");
    static_assert(wrong != mistake::none || !Rule.complete() || Rule.reasoned(),
                  "inlay: a code rule says why, for the message of an error: add .because(\"...\")");
    return true;
}

/// A point's name, as long as its record.
template <name Name>
struct point_text {
    static constexpr size_t size = sizeof Name.text;
    static_assert(size > 1 && size <= emit::rule_words * 4 + 1,
                  "inlay: the name of a code point has 1 to 32 characters");
    [[nodiscard]] static consteval int word(size_t index) noexcept {
        return inlay::rules::detail::word_of(Name.text, size - 1, index);
    }
};
template <name Name>
inline constexpr point_text<Name> point_text_of{};

} // namespace detail

/// Declares rules: `template struct inlay::code_rules<a, b>;` in one source. The rules are constexpr variables of a
/// namespace. The object gets their texts, and a function that does nothing.
template <const auto&... Rules>
struct code_rules {
    static_assert(sizeof...(Rules) != 0,
                  "inlay: code_rules declares rules: template struct inlay::code_rules<my_rule>;");
    static_assert((detail::right_rule<Rules>() && ...));

    [[gnu::used, gnu::noinline]] static void declare() noexcept { (emit::code_rule<Rules>(), ...); }
};

/// Names this place in the code, for patterns `rules::point("name")`. No instruction. The compiler moves no access to
/// memory across it. Every copy that the compiler makes of it has the name.
template <name Name>
[[gnu::always_inline]] inline void code_point() noexcept {
    emit::code_point<detail::point_text_of<Name>>();
}

} // namespace inlay
