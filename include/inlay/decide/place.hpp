// SPDX-License-Identifier: BSL-1.0
//
// place: the bytes of a form as they must stand at a site; and whether a site holds them.
//
//     inlay::patch bytes;
//     if (inlay::place(form, site, length, bytes) == inlay::error::no_error) ...
//
// How it works. The form's bytes are copied, and nops fill the rest of the site. The copy is exact but for relative
// operands: an instruction such as `jmp` holds the distance to its target, not the target. Step by step:
//
//  1. The form's bytes are kept at F, in .rodata. There the linker has computed the distance, from the end of the
//     instruction, which is e bytes from F, to the target T:
//
//         distance = T - (F + e)
//
//  2. At the site S the same instruction ends at S + e, and must go to the same T:
//
//         moved = T - (S + e) = T - (F + e) + (F - S) = distance + (F - S)
//
//  3. So neither T nor e is needed. The `shift`, F - S, is added to each relative operand of the form, and is the same
//     for all of them. Only the architecture knows in which bits an operand is, and in which unit it counts:
//     relocate().
//
//  4. Where the operands are, a form says in one of two ways. A plain form was encoded by this library, which notes up
//     to four offsets. Other forms come from the assembler, which does not say: it assembles the bytes twice, one copy
//     after the other, n bytes apart. An absolute value is the same in both copies, and a distance differs by n:
//
//         F:       e9 39 00 00 00      jmp T
//         F + 5:   e9 34 00 00 00      jmp T, five bytes nearer
//                     ^^ here the operand begins
//
//     As n is less than 256 and operands are little endian, the first byte that differs is the operand's first byte.
//     (Where operands share a word with the opcode, it is in that word, and words are aligned.) The operand has four
//     bytes; the search goes on after them.
//
//  5. A patcher that writes many sites of one declaration keeps the bytes of the first. `patch::operand` says whether
//     one operand, none, or more of them have to be shifted for the next.
#pragma once

#include "inlay/bytes.hpp"
#include "inlay/code.hpp"
#include "inlay/decide/form.hpp"
#include "inlay/decide/patch.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {
inline namespace INLAY_TARGET {

/// The direct call for `call`, at `site`: of the pointer's target; of the reporter if the pointer is null; nothing if
/// the target does nothing. Returns its length in bytes, with `fits` false if the target is out of reach.
template <class Target = arch::here, class Image = live_image>
[[nodiscard]] unsigned make_direct(const table::indirect_call& call, address site, uint8_t* bytes, bool& fits,
                                   const Image& image = {}) noexcept {
    address to = pointer_at(image, call.pointer.target());
    if (to == call.nothing.target()) {
        return 0;
    }
    if (to == 0) {
        to = call.missing.target();
    }
    fits = Target::encode_call(site, to, bytes);
    return Target::call_length;
}

} // namespace INLAY_TARGET
} // namespace detail

inline namespace INLAY_TARGET {

/// The bytes of `form` at `site`, filled up with nops to `length`. `form` has been checked. A call through a pointer
/// becomes `direct` if the target is in reach, and else does not change. `image` has that pointer.
template <class Target = arch::here, class Image = detail::live_image>
[[nodiscard]] error place(const table::form& form, address site, unsigned length, patch& result, bool direct = true,
                          Image image = {}) noexcept {
    result.length = static_cast<uint8_t>(length);
    result.operand = table::no_operand;
    if (form.kind == table::form_kind::indirect_call) {
        result.operand = many_operands;
        bool fits = direct;
        const unsigned used =
            direct ? detail::make_direct<Target>(detail::indirect_call_of(form), site, result.bytes, fits, image) : 0;
        if (fits) {
            Target::fill_nops(result.bytes + used, length - used);
            return error::no_error;
        }
    }
    const uint8_t* const from = detail::bytes_of(form);
    const auto shift = static_cast<int64_t>(reinterpret_cast<address>(from) - site);
    detail::copy(result.bytes, from, form.length);
    Target::fill_nops(result.bytes + form.length, length - form.length);
    // Operands are looked for in a list: the bytes of a twofold form, the offsets of a plain one.
    const bool twice = form.kind == table::form_kind::twice;
    const unsigned count = twice ? form.length : max_relative_operands;
    for (unsigned i = 0; i < count; ++i) {
        unsigned operand = i;
        if (twice) {
            if (from[i] == from[form.length + i]) {
                continue;
            }
            operand -= i % static_cast<unsigned>(Target::instruction_alignment);
            i = operand + 3; // its last byte
            if (i >= count) {
                return error::form_operand_outside;
            }
        } else {
            operand = form.relative[i];
            if (operand == table::no_operand) {
                continue;
            }
        }
        result.operand = result.operand == table::no_operand ? static_cast<uint8_t>(operand) : many_operands;
        if (!Target::relocate(result.bytes + operand, shift)) {
            return error::target_out_of_range;
        }
    }
    return error::no_error;
}

/// Whether the site of `length` bytes holds this form at its start, then nops. The form has been checked. A call
/// through a pointer may have become the call of anything, or nothing: the pointer may have changed since.
template <class Target = arch::here>
[[nodiscard]] bool holds(const table::form& form, address site, unsigned length) noexcept {
    const auto* const now = reinterpret_cast<const uint8_t*>(site);
    if (form.kind == table::form_kind::indirect_call) {
        typename Target::found_branch branch; // NOLINT(cppcoreguidelines-pro-type-member-init): filled if found
        const bool direct = Target::branch_at(site, length, branch) && branch.kind == Target::branch_kind::call;
        if (Target::is_nops(now + (direct ? Target::call_length : 0), length - (direct ? Target::call_length : 0))) {
            return true;
        }
    }
    patch bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): place() fills the used part
    return place<Target>(form, site, length, bytes, false) == error::no_error &&
           detail::equal(now, bytes.bytes, form.length) && Target::is_nops(now + form.length, length - form.length);
}

/// Whether the site holds any form of the record. (Checked again: in malformed tables, a feature's cell may lie on top
/// of a form.)
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
        if (holds<detail::image_target<Image>>(form, site, length)) {
            return true;
        }
        next = &choice.otherwise;
    }
    return false;
}

} // namespace INLAY_TARGET
} // namespace inlay
