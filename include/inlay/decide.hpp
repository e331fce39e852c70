// SPDX-License-Identifier: BSL-1.0
//
// decide: which bytes belong to a site. Pure: it reads the tables and asks about features; it writes nothing.
//
//     inlay::patch bytes;
//     auto without_avx2 = [](const inlay::table::feature_record& feature) noexcept { return ...; };
//     if (inlay::decide(image, record, without_avx2, bytes) == inlay::error::no_error) ...
//
// The patcher, the report, the checker and the tests all call this function, so that what is reported is
// what happens. (Linux came to the same end: "have only one paravirt patch function".)
//
// How it works. A record's choices are walked from the last `when` to the original; the first whose
// predicate holds wins. Its form's bytes are copied, relative operands are shifted by the distance from
// form to site, and the rest of the site becomes nops.
//
// Tables may be malformed. All reading goes through a `reader`, which asks the image whether it may; the first
// thing wrong is remembered, and from then on zeros are read, which end every walk. So the code that walks has
// no branch for each thing that could be wrong, and the patcher is small.
#pragma once

#include "inlay/arch/arch.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/bytes.hpp"
#include "inlay/code.hpp"
#include "inlay/error.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace inlay {
inline namespace INLAY_TARGET { // not hidden: types that a user may have in his own

/// The bytes of one site.
struct patch {
    uint8_t length; ///< in bytes; at most max_code_length
    uint8_t bytes[max_code_length];
    uint8_t operand; ///< of alternatives: offset of the one relative operand; no_operand or many_operands
};

/// The chosen form and, if a `when` decided it, its ordinal (0: the original).
struct decision {
    const table::form* form;     ///< null in decisions about calls, like `original`
    const table::form* original; ///< what stands there if no `when` holds
    uint8_t length;              ///< of the site, in bytes
    uint8_t ordinal;
};

} // namespace INLAY_TARGET
} // namespace inlay

namespace [[gnu::visibility("hidden")]] inlay {
inline namespace INLAY_TARGET {

/// The bytes depend on the site by more than one operand.
inline constexpr uint8_t many_operands = 254;

/// Reads the tables of an image, which says what may be read: `bool readable(address, size_t) const noexcept`.
template <class Image>
struct reader {
    const Image& image;
    error trouble{error::no_error}; ///< the first thing wrong
    address refused{};              ///< the address that it is about, or 0
    unsigned steps{};               ///< nodes of predicates visited since choose() began

    [[gnu::noinline]] void fail(error what, address at = 0) noexcept {
        if (trouble == error::no_error) {
            trouble = what;
            refused = at;
        }
    }

    /// What `from` refers to, or zeros.
    template <class T>
    [[nodiscard]] const T& follow(const table::reference& from) noexcept {
        static_assert(sizeof(T) <= sizeof(nothing) && alignof(T) <= alignof(uint64_t));
        return *static_cast<const T*>(locate(from.target(), from ? sizeof(T) : 0));
    }

    /// `size` readable bytes at `at`, or zeros. Everything in the tables is aligned to four bytes.
    [[nodiscard, gnu::noinline]] const void* locate(address at, size_t size) noexcept {
        if (size != 0 && at % 4 == 0 && image.readable(at, size)) {
            return reinterpret_cast<const void*>(at);
        }
        fail(error::reference_outside, at);
        return nothing;
    }

    static inline constinit uint64_t nothing[8]{}; // NOLINT(*-avoid-c-arrays); in .bss, never written
};

} // namespace INLAY_TARGET

namespace detail {
inline namespace INLAY_TARGET {

using table::deepest_tree;
using table::longest_list;

/// A predicate with more nodes than this is taken for endless as well: each node may refer to the same one twice, so
/// that without a memo a few nodes are many steps.
inline constexpr unsigned most_steps = 65535;

[[nodiscard]] inline const uint8_t* bytes_of(const table::form& form) noexcept {
    return reinterpret_cast<const uint8_t*>(&form + 1);
}

/// What follows the bytes of an indirect_call.
[[nodiscard]] inline const table::indirect_call& indirect_call_of(const table::form& form) noexcept {
    return *reinterpret_cast<const table::indirect_call*>((reinterpret_cast<address>(&form + 1) + form.length + 3) &
                                                          ~address{3});
}

/// Whether a call through a pointer may stand in a group that begins with `first`: only if that is the same call. (A
/// linker that folds identical functions leaves the records of both.) Behind anything else it would overwrite it.
[[nodiscard]] inline bool may_join(const table::form& first, const table::form& form) noexcept {
    return form.kind != table::form_kind::indirect_call ||
           (first.kind == table::form_kind::indirect_call &&
            indirect_call_of(first).pointer.target() == indirect_call_of(form).pointer.target());
}

/// Whether `form` is whole, known, and fits a site of `length` bytes.
template <class Image>
void check_form(reader<Image>& from, const table::form& form, unsigned length) noexcept {
    const unsigned copies = form.kind == table::form_kind::twice ? 2 : 1;
    if (static_cast<unsigned>(form.kind) - 1U >= 3U) {
        from.fail(error::form_unknown);
    }
    if (form.length > length) {
        from.fail(error::form_too_long);
    }
    if (!from.image.readable(reinterpret_cast<address>(bytes_of(form)), size_t{form.length} * copies)) {
        from.fail(error::reference_outside, reinterpret_cast<address>(bytes_of(form)));
    }
    for (const auto at : form.relative) {
        if (at != table::no_operand && (copies != 1 || at + 4U > form.length)) {
            from.fail(error::form_operand_outside);
        }
    }
    if (form.kind == table::form_kind::indirect_call) {
        const auto& call = *static_cast<const table::indirect_call*>(
            from.locate(reinterpret_cast<address>(&indirect_call_of(form)), sizeof(table::indirect_call)));
        const address pointer = call.pointer.target();
        if (form.length < arch::call_length) { // the direct call must fit as well
            from.fail(error::form_too_long);
        }
        if (pointer % alignof(address) != 0 || !from.image.readable(pointer, sizeof(address))) {
            from.fail(error::reference_outside, pointer);
        }
    }
}

/// How many of the `most` bytes from `at` on are executable: an instruction may be the last one of the text, and then
/// no byte behind it is asked for.
template <class Image>
[[nodiscard, gnu::noinline]] size_t executable_from(const Image& image, address at, size_t most) noexcept {
    size_t good = 0;
    for (size_t bad = most + 1, middle = most; bad - good > 1; middle = good + (bad - good) / 2) {
        (image.executable(at, middle) ? good : bad) = middle;
    }
    return good;
}

/// References to what is aligned to four bytes have two bits to spare, which say something about the record.
inline constexpr address spare_bits = 3;

/// The callee of a call.
template <class Image>
[[nodiscard]] const table::callee& callee_of(reader<Image>& from, const table::call_record& record) noexcept {
    return *static_cast<const table::callee*>(from.locate(record.callee.target() & ~spare_bits, sizeof(table::callee)));
}

/// Whether the reference (of a call) is to a name: it is that of a static call, not of a dispatch.
[[nodiscard]] inline bool is_named(const table::tables& tables, const table::reference& from) noexcept {
    return from.target() - reinterpret_cast<address>(tables.names.records) < tables.names.bytes;
}

/// The key or static call that a record is of, and which must be one of `tables`.
template <class Image>
[[nodiscard]] const table::named& named_of(reader<Image>& from, const table::tables& tables,
                                           const table::reference& reference) noexcept {
    const address at = reference.target() & ~spare_bits;
    const address offset = at - reinterpret_cast<address>(tables.names.records);
    const bool good = offset < tables.names.bytes && offset % sizeof(table::named) == 0;
    return *static_cast<const table::named*>(from.locate(at, good ? sizeof(table::named) : 0));
}

} // namespace INLAY_TARGET

} // namespace detail

inline namespace INLAY_TARGET {

/// Evaluates a predicate. `Features` is `bool operator()(const table::feature_record&) noexcept`; it may also have
/// `bool recall(const predicate_node&, bool& value)` and `void remember(const predicate_node&, bool value)`, to have
/// each node evaluated once. Both sides of a junction are evaluated: a malformed one must not hide. Once anything is
/// wrong, nothing more is: what the value would be does not matter then.
template <class Image, class Features>
[[nodiscard, gnu::noinline]] bool evaluate(reader<Image>& from, const table::predicate_node& node,
                                           const Features& features, unsigned depth = 0) noexcept {
    using table::predicate_op;
    bool value = false;
    if (from.trouble != error::no_error) {
        return value;
    }
    if constexpr (requires { features.recall(node, value); }) {
        if (features.recall(node, value)) {
            return value;
        }
    }
    if (node.op == predicate_op::feature || node.op == predicate_op::not_feature) {
        value = features(from.template follow<table::feature_record>(node.a)) == (node.op == predicate_op::feature);
    } else if (node.op == predicate_op::all || node.op == predicate_op::any) {
        if (depth == detail::deepest_tree || ++from.steps > detail::most_steps) {
            from.fail(error::description_endless);
        } else {
            const bool a = evaluate(from, from.template follow<table::predicate_node>(node.a), features, depth + 1);
            const bool b = evaluate(from, from.template follow<table::predicate_node>(node.b), features, depth + 1);
            value = node.op == predicate_op::all ? a && b : a || b;
        }
    } else if (node.op == predicate_op::always || node.op == predicate_op::never) {
        value = node.op == predicate_op::always;
    } else {
        from.fail(error::predicate_unknown);
    }
    if constexpr (requires { features.remember(node, value); }) {
        features.remember(node, value);
    }
    return value;
}

/// Walks the choices of a site. Every choice is checked, also those after the one that wins. `forms` says whether
/// the choices are of code (an alternative) or of functions (a call).
template <class Image, class Features>
[[gnu::noinline]] void choose(reader<Image>& from, const table::choice& last, bool forms, const Features& features,
                              decision& result) noexcept {
    // One by one: for a whole struct a compiler may call memset, which a kernel need not have.
    result.form = nullptr;
    result.original = nullptr;
    result.length = last.length;
    result.ordinal = 255;
    bool decided = false;
    from.steps = 0;
    const table::choice* each = &last;
    for (unsigned steps = detail::longest_list; from.trouble == error::no_error;) {
        const table::form* form = nullptr;
        if (forms) {
            form = &from.template follow<table::form>(each->form);
            detail::check_form(from, *form, last.length);
        }
        const bool original = !each->predicate;
        if (original || evaluate(from, from.template follow<table::predicate_node>(each->predicate), features)) {
            if (!decided) {
                result.form = form;
                result.ordinal = original ? uint8_t{0} : each->ordinal;
            }
            decided = true;
        }
        if (!each->otherwise) {
            result.original = form;
            if (decided) {
                return;
            }
            steps = 1;
        }
        if (--steps == 0) {
            from.fail(error::description_endless);
        }
        each = &from.template follow<table::choice>(each->otherwise);
    }
}

} // namespace INLAY_TARGET

namespace detail {
inline namespace INLAY_TARGET {

/// The direct call for `call`, at `site`: of what the pointer holds, of the reporter where that is null, nothing where
/// it does nothing. Returns its length in bytes, with `fits` false if the target is out of reach.
[[nodiscard]] inline unsigned make_direct(const table::indirect_call& call, address site, uint8_t* bytes,
                                          bool& fits) noexcept {
    address to = *reinterpret_cast<const address*>(call.pointer.target());
    if (to == call.nothing.target()) {
        return 0;
    }
    if (to == 0) {
        to = call.missing.target();
    }
    fits = arch::encode_call(site, to, bytes);
    return arch::call_length;
}

} // namespace INLAY_TARGET

} // namespace detail

inline namespace INLAY_TARGET {

/// The bytes of `form`, which has been checked, as they must stand at `site`, filled up with nops to `length`. A call
/// through a pointer becomes `direct` where that is in reach, or else stays what it is.
[[nodiscard]] inline error place(const table::form& form, address site, unsigned length, patch& result,
                                 bool direct = true) noexcept {
    result.length = static_cast<uint8_t>(length);
    result.operand = table::no_operand;
    if (form.kind == table::form_kind::indirect_call) {
        result.operand = many_operands;
        bool fits = direct;
        const unsigned used =
            direct ? detail::make_direct(detail::indirect_call_of(form), site, result.bytes, fits) : 0;
        if (fits) {
            arch::fill_nops(result.bytes + used, length - used);
            return error::no_error;
        }
    }
    const uint8_t* const from = detail::bytes_of(form);
    const auto shift = static_cast<int64_t>(reinterpret_cast<address>(from) - site);
    detail::copy(result.bytes, from, form.length);
    arch::fill_nops(result.bytes + form.length, length - form.length);
    unsigned operand = 0; // index of a plain form's operand, byte of a twofold one
    while (operand < (form.kind == table::form_kind::twice ? form.length : max_relative_operands)) {
        unsigned at = operand++;
        if (form.kind == table::form_kind::twice) {
            if (from[at] == from[form.length + at]) {
                continue;
            }
            at -= at % static_cast<unsigned>(arch::instruction_alignment);
            operand = at + 4;
            if (operand > form.length) {
                return error::form_operand_outside;
            }
        } else {
            at = form.relative[at];
            if (at == table::no_operand) {
                continue;
            }
        }
        result.operand = result.operand == table::no_operand ? static_cast<uint8_t>(at) : many_operands;
        if (!arch::relocate(result.bytes + at, shift)) {
            return error::target_out_of_range;
        }
    }
    return error::no_error;
}

/// Whether the site, of `length` bytes, holds this form, which has been checked: in its place, then nops. A call
/// through a pointer may have become the call of anything, or nothing: the pointer may have changed since.
[[nodiscard]] inline bool holds(const table::form& form, address site, unsigned length) noexcept {
    const auto* const now = reinterpret_cast<const uint8_t*>(site);
    if (form.kind == table::form_kind::indirect_call) {
        arch::found_branch branch; // NOLINT(cppcoreguidelines-pro-type-member-init): filled if found
        const bool direct = arch::branch_at(site, length, branch) && branch.kind == arch::branch_kind::call;
        if (arch::is_nops(now + (direct ? arch::call_length : 0), length - (direct ? arch::call_length : 0))) {
            return true;
        }
    }
    patch bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): place() fills what is used
    return place(form, site, length, bytes, false) == error::no_error && detail::equal(now, bytes.bytes, form.length) &&
           arch::is_nops(now + form.length, length - form.length);
}

/// Whether the site holds any form of the record. (Checked again: malformed tables may have the cell of a feature on
/// top of a form.)
template <class Image>
[[nodiscard]] bool holds_any(reader<Image>& from, const table::alternative_record& record, address site,
                             unsigned length) noexcept {
    const table::reference* next = &record.choices;
    for (unsigned steps = 0; *next && steps < detail::longest_list; ++steps) {
        const auto& choice = from.template follow<table::choice>(*next);
        const auto& form = from.template follow<table::form>(choice.form);
        detail::check_form(from, form, length);
        if (from.trouble != error::no_error) {
            return false;
        }
        if (holds(form, site, length)) {
            return true;
        }
        next = &choice.otherwise;
    }
    return false;
}

/// Decides one record of an alternative: which form, for a site of which length.
template <class Image, class Features>
void decide(reader<Image>& from, const table::alternative_record& record, const Features& features,
            decision& chosen) noexcept {
    const auto& last = from.template follow<table::choice>(record.choices);
    if (last.length - 1U >= max_code_length) {
        from.fail(last.length == 0 ? error::site_empty : error::site_too_long);
    }
    choose(from, last, true, features, chosen);
}

/// Adds a record's decision to that of the records before it at the same address: the longest site counts, the last
/// `when` that holds wins. True if the record's form is the group's now.
inline bool join(decision& group, const decision& one, bool first) noexcept {
    const uint8_t length = !first && group.length > one.length ? group.length : one.length;
    const bool wins = first || one.ordinal != 0;
    if (first) {
        group.original = one.original;
    }
    if (wins) {
        group.form = one.form;
        group.ordinal = one.ordinal;
    }
    group.length = length;
    return wins;
}

/// The bytes of a site of a key whose value is `value`; of length 0 if the site stays what it is.
template <class Image>
void decide(reader<Image>& from, const table::key_record& record, address value, patch& result) noexcept {
    result.length = 0;
    const address site = record.site.target();
    if (!from.image.executable(site, arch::longest_jump)) {
        from.fail(error::site_outside_text, site);
        return;
    }
    const address shape = record.key.target() & detail::spare_bits;
    address to = 0;
    if ((shape & table::many_ways) != 0) {
        const auto& ways = from.template follow<table::way_table>(record.targets);
        const address way = (value >> (ways.shift & 7U)) - ways.first;
        const auto* const list = static_cast<const table::reference*>(
            from.locate(reinterpret_cast<address>(&ways + 1), ways.count * sizeof(table::reference)));
        if (from.trouble != error::no_error || way >= ways.count) {
            return;
        }
        to = list[way] ? list[way].target() : 0;
    } else if ((value != 0) != ((shape & table::falls_through_if_true) != 0)) {
        to = record.targets.target();
    }
    if (arch::jump_length(reinterpret_cast<const uint8_t*>(site)) == 0) {
        from.fail(error::site_changed, site);
    } else if (to == 0) {
        arch::fill_nops(result.bytes, arch::longest_jump);
    } else if (!from.image.executable(to, 1)) {
        from.fail(error::reference_outside, to);
    } else if (!arch::encode_jump(site, to, result.bytes)) {
        from.fail(error::target_out_of_range, to);
    }
    result.length = arch::longest_jump;
}

/// The bytes that belong to one record of an alternative on a machine with `features`.
template <class Image, class Features>
[[nodiscard]] error decide(const Image& image, const table::alternative_record& record, const Features& features,
                           patch& result) noexcept {
    reader<Image> from{image};
    decision chosen{};
    decide(from, record, features, chosen);
    return from.trouble != error::no_error ? from.trouble
                                           : place(*chosen.form, record.site.target(), chosen.length, result);
}

} // namespace INLAY_TARGET

} // namespace inlay
