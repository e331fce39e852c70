// SPDX-License-Identifier: BSL-1.0
//
// decide: which bytes belong to a site. Pure: it reads the tables and asks about features; it writes nothing.
//
//     inlay::patch bytes;
//     auto e = inlay::decide(image, record, [](const table::feature_record& f) { return f... ; }, bytes);
//
// The patcher, the report, the checker and the tests all call this function, so that what is reported is
// what happens. (Linux came to the same end: "have only one paravirt patch function".)
//
// How it works. A record's choices are walked from the last `when` to the original; the first whose
// predicate holds wins. Its form's bytes are copied, relative operands are shifted by the distance from
// form to site, and the rest of the site becomes nops.
//
// An `Image` says which addresses may be read: `bool readable(address, std::size_t) const`. Tables may be
// malformed; nothing is read before it was asked for.
#pragma once

#include "inlay/arch/arch.hpp"
#include "inlay/code.hpp"
#include "inlay/error.hpp"
#include "inlay/table.hpp"

namespace inlay {

/// The bytes of one site.
struct patch {
    std::uint8_t length; ///< in bytes; at most max_code_length
    std::uint8_t bytes[max_code_length];
};

/// The chosen form and, if a `when` decided it, its ordinal (0: the original).
struct decision {
    const table::form* form;
    std::uint8_t length; ///< of the site, in bytes
    std::uint8_t ordinal;
};

namespace detail {

/// Lists and trees longer or deeper than this are taken for endless.
inline constexpr unsigned longest_list = 255;
inline constexpr unsigned deepest_tree = 32;

/// The address that `from` refers to if `size` bytes may be read there, else 0. Everything in the tables is
/// aligned to four bytes. (Not inline: the patcher is small because of this.)
template <class Image>
[[nodiscard, gnu::noinline]] address locate(const Image& image, const table::reference& from,
                                            std::size_t size) noexcept {
    const address to = from.target();
    return from.distance != 0 && to % 4 == 0 && image.readable(to, size) ? to : 0;
}

/// What `from` refers to, or null if that is no readable T.
template <class T, class Image>
[[nodiscard]] const T* follow(const Image& image, const table::reference& from) noexcept {
    return reinterpret_cast<const T*>(locate(image, from, sizeof(T)));
}

/// Copies bytes one at a time; through volatile, so that no compiler makes a call of memcpy from it.
inline void copy(std::uint8_t* to, const std::uint8_t* from, unsigned count) noexcept {
    for (unsigned i = 0; i < count; ++i) {
        static_cast<volatile std::uint8_t*>(to)[i] = from[i];
    }
}

[[nodiscard]] inline const std::uint8_t* bytes_of(const table::form& form) noexcept {
    return reinterpret_cast<const std::uint8_t*>(&form + 1);
}

/// Whether `form` is whole, known, and fits a site of `length` bytes.
template <class Image>
[[nodiscard]] error check_form(const Image& image, const table::form& form, unsigned length) noexcept {
    if (form.length > length) {
        return error::form_too_long;
    }
    if (form.kind != table::form_kind::plain && form.kind != table::form_kind::twice) {
        return error::form_unknown;
    }
    const unsigned copies = form.kind == table::form_kind::twice ? 2 : 1;
    if (!image.readable(reinterpret_cast<address>(bytes_of(form)), std::size_t{form.length} * copies)) {
        return error::reference_outside;
    }
    for (const auto at : form.relative) {
        if (at != table::no_operand && (form.kind != table::form_kind::plain || at + 4U > form.length)) {
            return error::form_operand_outside;
        }
    }
    return error::no_error;
}

} // namespace detail

/// The callee of a call, or null. (The low bit of the reference says that the call has been found.)
template <class Image>
[[nodiscard]] const table::callee* callee_of(const Image& image, const table::call_record& record) noexcept {
    const address to = record.callee.target() & ~address{1};
    return to % 4 == 0 && image.readable(to, sizeof(table::callee)) ? reinterpret_cast<const table::callee*>(to)
                                                                    : nullptr;
}

/// Evaluates a predicate. `Features` gives `error operator()(const table::feature_record&, bool& value)`.
template <class Image, class Features>
[[nodiscard]] error evaluate(const Image& image, const table::predicate_node& node, const Features& features,
                             bool& value, unsigned depth = 0) noexcept {
    using table::predicate_op;
    if (depth > detail::deepest_tree) {
        return error::description_endless;
    }
    switch (node.op) {
    case predicate_op::always:
    case predicate_op::never:
        value = node.op == predicate_op::always;
        return error::no_error;
    case predicate_op::feature:
    case predicate_op::not_feature: {
        const auto* const feature = detail::follow<table::feature_record>(image, node.a);
        if (feature == nullptr) {
            return error::reference_outside;
        }
        const error trouble = features(*feature, value);
        value = value == (node.op == predicate_op::feature);
        return trouble;
    }
    case predicate_op::all:
    case predicate_op::any: {
        const auto* const a = detail::follow<table::predicate_node>(image, node.a);
        const auto* const b = detail::follow<table::predicate_node>(image, node.b);
        if (a == nullptr || b == nullptr) {
            return error::reference_outside;
        }
        // Both sides, always: a malformed one must not hide behind the other.
        bool first = false;
        bool second = false;
        const error trouble_a = evaluate(image, *a, features, first, depth + 1);
        const error trouble_b = evaluate(image, *b, features, second, depth + 1);
        value = node.op == predicate_op::all ? first && second : first || second;
        return trouble_a != error::no_error ? trouble_a : trouble_b;
    }
    }
    return error::predicate_unknown;
}

/// Walks the choices of a site. Every choice is checked, also those after the one that wins.
/// `holds` is `error operator()(const table::predicate_node&, bool& value)`; `forms` says whether the choices
/// are of code (an alternative) or of functions (a call).
template <class Image, class Holds>
[[nodiscard, gnu::noinline]] error choose(const Image& image, const table::choice& last, bool forms, const Holds& holds,
                                          decision& result) noexcept {
    bool decided = false;
    const table::choice* each = &last;
    result.length = last.length;
    for (unsigned steps = 0; steps < detail::longest_list; ++steps) {
        const table::form* form = nullptr;
        if (forms) {
            form = detail::follow<table::form>(image, each->form);
            if (form == nullptr) {
                return error::reference_outside;
            }
            if (const error trouble = detail::check_form(image, *form, last.length); trouble != error::no_error) {
                return trouble;
            }
        }
        bool wins = true;
        if (each->predicate) {
            const auto* const node = detail::follow<table::predicate_node>(image, each->predicate);
            if (node == nullptr) {
                return error::reference_outside;
            }
            if (const error trouble = holds(*node, wins); trouble != error::no_error) {
                return trouble;
            }
        }
        if (wins && !decided) {
            decided = true;
            result.form = form;
            result.ordinal = each->predicate ? each->ordinal : std::uint8_t{0};
        }
        if (!each->otherwise) {
            return decided ? error::no_error : error::description_endless;
        }
        each = detail::follow<table::choice>(image, each->otherwise);
        if (each == nullptr) {
            return error::reference_outside;
        }
    }
    return error::description_endless;
}

/// The bytes of `form` as they must stand at `site`, filled up with nops to `length`.
[[nodiscard]] inline error place(const table::form& form, address site, unsigned length, patch& result) noexcept {
    const std::uint8_t* const from = detail::bytes_of(form);
    const auto shift = static_cast<std::int64_t>(reinterpret_cast<address>(from) - site);
    result.length = static_cast<std::uint8_t>(length);
    detail::copy(result.bytes, from, form.length);
    if (form.kind == table::form_kind::twice) {
        for (unsigned i = 0; i < form.length; ++i) {
            if (from[i] != from[form.length + i]) {
                i -= i % arch::instruction_alignment;
                if (i + 4U > form.length) {
                    return error::form_operand_outside;
                }
                if (!arch::relocate(result.bytes + i, shift)) {
                    return error::target_out_of_range;
                }
                i += 3;
            }
        }
    } else {
        for (const auto at : form.relative) {
            if (at != table::no_operand && !arch::relocate(result.bytes + at, shift)) {
                return error::target_out_of_range;
            }
        }
    }
    arch::fill_nops(result.bytes + form.length, length - form.length);
    return error::no_error;
}

/// Decides one record of an alternative by its predicates: which form, for a site of which length.
template <class Image, class Holds>
[[nodiscard]] error decide_by(const Image& image, const table::alternative_record& record, const Holds& holds,
                              decision& chosen) noexcept {
    const auto* const last = detail::follow<table::choice>(image, record.choices);
    if (last == nullptr) {
        return error::reference_outside;
    }
    if (last->length == 0) {
        return error::site_empty;
    }
    if (last->length > max_code_length) {
        return error::site_too_long;
    }
    return choose(image, *last, true, holds, chosen);
}

/// The bytes that belong to one record of an alternative on a machine with `features`
/// (`error operator()(const table::feature_record&, bool& value)`).
template <class Image, class Features>
[[nodiscard]] error decide(const Image& image, const table::alternative_record& record, const Features& features,
                           patch& result) noexcept {
    decision chosen{};
    const auto holds = [&](const table::predicate_node& node, bool& value) noexcept {
        return evaluate(image, node, features, value);
    };
    if (const error trouble = decide_by(image, record, holds, chosen); trouble != error::no_error) {
        return trouble;
    }
    return place(*chosen.form, record.site.target(), chosen.length, result);
}

} // namespace inlay
