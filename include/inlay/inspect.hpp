// SPDX-License-Identifier: BSL-1.0
//
// inspect: reads from the text itself which form a site has.
//
//     const auto tables = inlay::this_image();
//     for (size_t i = 0; i < tables.alternatives.size(); ++i) {
//         const auto found = inlay::inspect(kernel, tables, tables.alternatives.records[i]);
//         if (found.form == inlay::standing::when) { ... }      // form number found.ordinal, found.length bytes
//     }
//
//     record          form                  meaning                                     target
//     alternative     original, when        the form with number `ordinal`              of its first instruction
//                     indirect              an operation, called through its pointer
//                     direct, nothing       an operation, called directly; it does nothing
//     key, switch     reads_memory          the site as compiled: it reads the cell     the code that reads
//                     jump, falls_through   as the value wants                          of the jump
//     call            trampoline            the call as compiled                        the trampoline
//                     direct                a call or jump of the function              the function
//                     nothing, zero         the instruction in place of a call
//     any             other                 none of its forms; a call that was not found
//                     malformed             the record, or data that it refers to, is wrong
//
// How it works. The record says which forms a site may have, and decide/ which bytes each of them has there. It
// compares, and asks no feature and no value: whether the form is right is each_site()'s question. A platform, or an
// image in a file, says which memory may be read. Nothing is written; no library is needed. Not while sites change.
#pragma once

#include "inlay/arch/here.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/decide.hpp"
#include "inlay/error.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace inlay {
inline namespace INLAY_TARGET { // not hidden: a user's own types may contain these types

/// The form that stands at a site.
enum class standing : uint8_t {
    original,
    when,
    indirect,
    direct,
    nothing,
    zero,
    trampoline,
    reads_memory,
    jump,
    falls_through,
    other,
    malformed,
};

/// A form, and where it stands.
struct inspected {
    standing form;
    uint8_t ordinal; ///< of an alternative: the form's number in the declaration; 0: the original
    uint8_t length;  ///< of the site, in bytes; 0: unknown
    address at;      ///< the site's address; for a call, its instruction's
    address target;  ///< where its first instruction goes, if that is a call or jump; else 0
};

} // namespace INLAY_TARGET
} // namespace inlay

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

/// The forms at the site of an operation, other than code in place of its call.
template <class Image>
[[nodiscard]] standing operation_at(const table::form& form, address site, unsigned length) noexcept {
    using target = image_target<Image>;
    const auto* const now = reinterpret_cast<const uint8_t*>(site);
    if (target::is_nops(now, length)) {
        return standing::nothing;
    }
    typename target::found_branch branch; // NOLINT(cppcoreguidelines-pro-type-member-init): filled if found
    if (target::branch_at(site, length, branch) && branch.kind == target::branch_kind::call &&
        target::is_nops(now + target::call_length, length - target::call_length)) {
        return standing::direct;
    }
    return holds<target>(form, site, length) ? standing::indirect : standing::other;
}

/// Finds the first form of the declaration that the site holds.
template <class Image>
void find_form(reader<Image>& from, const table::choice& last, inspected& found) noexcept {
    const table::choice* each = &last;
    for (unsigned steps = 0; steps < longest_list; ++steps) {
        const table::form& form = from.template follow<table::form>(each->form);
        check_form(from, form, found.length);
        if (from.trouble != error::no_error) {
            return;
        }
        const bool original = !each->otherwise;
        if (original && form.kind == table::form_kind::indirect_call) {
            const standing form_of_operation = operation_at<Image>(form, found.at, found.length);
            if (form_of_operation != standing::other) {
                found.form = form_of_operation;
                found.ordinal = 0;
            }
        } else if (holds<image_target<Image>>(form, found.at, found.length)) {
            found.form = original ? standing::original : standing::when;
            found.ordinal = original ? uint8_t{0} : each->ordinal;
        }
        if (original) {
            return;
        }
        each = &from.template follow<table::choice>(each->otherwise);
    }
    from.fail(error::description_endless);
}

/// Whether a value of the key, or of the switch, makes the site jump to `to`.
template <class Image>
[[nodiscard]] bool may_jump_to(reader<Image>& from, const table::key_record& record, address to) noexcept {
    if ((record.key.target() & spare_bits & table::many_ways) == 0) {
        return record.targets.target() == to;
    }
    const auto& ways = from.template follow<table::way_table>(record.targets);
    const auto* const list = static_cast<const table::reference*>(
        from.locate(reinterpret_cast<address>(&ways + 1), ways.count * sizeof(table::reference)));
    for (unsigned way = 0; from.trouble == error::no_error && way < ways.count; ++way) {
        if (list[way] && list[way].target() == to) {
            return true;
        }
    }
    return false;
}

/// The instruction that the patcher left in place of the call `branch`, or the call itself.
template <class Image>
[[nodiscard]] standing call_at(const Image& image, const table::tables& tables, address trampoline,
                               const typename image_target<Image>::found_branch& branch, address& to) noexcept {
    using target = image_target<Image>;
    typename target::found_branch goes; // NOLINT(cppcoreguidelines-pro-type-member-init): filled if found
    if (target::branch_at(branch.start, executable_from(image, branch.start, target::longest_branch), goes)) {
        to = goes.target();
        // In place of a jump, or of a conditional one, the image's own functions do nothing.
        if (tables.registry != nullptr && goes.kind != target::branch_kind::call) {
            if (to == reinterpret_cast<address>(tables.registry->nothing)) {
                return standing::nothing;
            }
            if (to == reinterpret_cast<address>(tables.registry->zero)) {
                return standing::zero;
            }
        }
        return to == trampoline ? standing::trampoline : standing::direct;
    }
    uint8_t bytes[target::longest_branch]; // NOLINT(*-avoid-c-arrays, *-member-init): encode_branch() fills it
    const auto* const now = reinterpret_cast<const uint8_t*>(branch.start);
    (void)target::encode_branch(branch, trampoline, table::call_mode::nothing, bytes);
    return equal(now, bytes, length_of(branch)) ? standing::nothing : standing::zero;
}

template <class Image>
[[nodiscard]] inspected unless_malformed(const reader<Image>& from, const inspected& found) noexcept {
    return from.trouble == error::no_error ? found : inspected{standing::malformed, 0, 0, found.at, 0};
}

} // namespace INLAY_TARGET
} // namespace detail

inline namespace INLAY_TARGET {

/// The form that stands at the site of an alternative. If several records have this site, the result is a form of this
/// record, or `other`. Thread-safe as long as no thread changes sites, as are the other two.
template <class Image>
[[nodiscard]] inspected inspect(const Image& image, const table::tables& /*tables*/,
                                const table::alternative_record& record) noexcept {
    using target = detail::image_target<Image>;
    reader<Image> from{image};
    const auto& last = from.template follow<table::choice>(record.choices);
    inspected found{standing::other, 0, last.length, record.site.target(), 0};
    if (last.length - 1U >= max_code_length || !image.executable(found.at, last.length)) {
        from.fail(error::site_outside_text, found.at);
    } else {
        detail::find_form(from, last, found);
        typename target::found_branch branch; // NOLINT(cppcoreguidelines-pro-type-member-init): filled if found
        found.target = target::branch_at(found.at, found.length, branch) ? branch.target() : 0;
    }
    return detail::unless_malformed(from, found);
}

/// The form that stands at the site of a key or switch.
template <class Image>
[[nodiscard]] inspected inspect(const Image& image, const table::tables& tables,
                                const table::key_record& record) noexcept {
    using target = detail::image_target<Image>;
    reader<Image> from{image};
    (void)detail::named_of(from, tables, record.key);
    inspected found{standing::other, 0, 0, record.site.target(), 0};
    if (!image.executable(found.at, target::longest_jump)) {
        from.fail(error::site_outside_text, found.at);
    } else if (const unsigned length = target::jump_length(reinterpret_cast<const uint8_t*>(found.at)); length != 0) {
        found.length = static_cast<uint8_t>(length);
        found.target = target::jump_target(found.at);
        found.form = found.target == 0                                 ? standing::falls_through
                     : detail::may_jump_to(from, record, found.target) ? standing::jump
                                                                       : standing::reads_memory;
    }
    return detail::unless_malformed(from, found);
}

/// The form that stands at a call of a dispatch or static call. `record` is one of `tables`.
template <class Image>
[[nodiscard]] inspected inspect(const Image& image, const table::tables& tables,
                                const table::call_record& record) noexcept {
    reader<Image> from{image};
    const address trampoline = detail::callee_in(from, tables, record).trampoline;
    inspected found{standing::other, 0, 0, record.site.target(), 0};
    typename detail::image_target<Image>::found_branch branch; // NOLINT(cppcoreguidelines-pro-type-member-init)
    if (from.trouble == error::no_error &&
        detail::find_call(image, &record, tables.calls.records + tables.calls.size(), trampoline, branch)) {
        found.at = branch.start;
        found.length = static_cast<uint8_t>(detail::length_of(branch));
        found.form = detail::call_at(image, tables, trampoline, branch, found.target);
    }
    return detail::unless_malformed(from, found);
}

} // namespace INLAY_TARGET
} // namespace inlay
