// SPDX-License-Identifier: BSL-1.0
//
// form: the parts of a form in the tables, and whether it is whole.
#pragma once

#include "inlay/decide/reader.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

[[nodiscard]] inline const uint8_t* bytes_of(const table::form& form) noexcept {
    return reinterpret_cast<const uint8_t*>(&form + 1);
}

/// The data after the bytes of an indirect_call.
[[nodiscard]] inline const table::indirect_call& indirect_call_of(const table::form& form) noexcept {
    return *reinterpret_cast<const table::indirect_call*>((reinterpret_cast<address>(&form + 1) + form.length + 3) &
                                                          ~address{3});
}

/// Whether a call through a pointer may stand in a group that begins with `first`: only if that is the same call. (A
/// linker that folds identical functions leaves the records of both.) After any other record, the call would overwrite
/// that record's form.
[[nodiscard]] inline bool may_join(const table::form& first, const table::form& form) noexcept {
    return form.kind != table::form_kind::indirect_call ||
           (first.kind == table::form_kind::indirect_call &&
            indirect_call_of(first).pointer.target() == indirect_call_of(form).pointer.target());
}

/// Whether `form` is whole, known, and fits a site of `length` bytes.
template <class Image>
void check_form(reader<Image>& from, const table::form& form, unsigned length) noexcept {
    using target = image_target<Image>;
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
        if (form.length < target::call_length) { // the direct call must fit as well
            from.fail(error::form_too_long);
        }
        if (pointer % target::pointer_size != 0 || !from.image.readable(pointer, target::pointer_size)) {
            from.fail(error::reference_outside, pointer);
        }
    }
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
