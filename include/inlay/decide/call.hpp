// SPDX-License-Identifier: BSL-1.0
//
// call: which call instruction belongs to a record, and which bytes it has when the call goes to a given function.
//
//     const auto what = detail::callee_in(from, tables, record);               // the name or dispatch, its trampoline
//     arch::here::found_branch branch;
//     if (detail::find_call(image, &record, end, what.trampoline, branch)) {   // the instruction
//         uint8_t bytes[arch::here::longest_branch];
//         bool direct = detail::place_call(branch, what.trampoline, to, mode, bytes);
//     }
//
// How it works. A compiler emits the call itself, so a record has only a marker before it. The call is the next
// instruction that goes to the trampoline. apply() looks for it once and notes in the record where it is. From then on
// the record refers to the instruction there: a call, a jump, or the instruction in place of a call.
//
// A site holds one of two forms: straight to the target, or through the trampoline, which reads the pointer. The
// patcher, changes, each_site() and the report all ask these functions.
#pragma once

#include "inlay/arch/here.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/decide/reader.hpp"
#include "inlay/error.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

/// The callee of a call record: a static call's name, or a dispatch. The pointer that is not meant is null.
struct call_subject {
    const table::named* named;
    const table::callee* callee;
    address trampoline; ///< the code that calls go through until they are patched

    [[nodiscard]] const table::reference& name() const noexcept {
        return named != nullptr ? named->name : callee->name;
    }
};

/// Reads the callee of `record`. Fails for a key's name, since a key has no trampoline.
template <class Image>
[[nodiscard]] call_subject callee_in(reader<Image>& from, const table::tables& tables,
                                     const table::call_record& record) noexcept {
    if (!is_named(tables, record.callee)) {
        const table::callee& callee = callee_of(from, record);
        return {nullptr, &callee, callee.trampoline.target()};
    }
    const table::named& named = named_of(from, tables, record.callee);
    if (!named.trampoline) {
        from.fail(error::reference_outside, reinterpret_cast<address>(&named));
    }
    return {&named, nullptr, named.trampoline.target()};
}

/// The place of the pointer to function number `ordinal` in a dispatch's list, checked.
template <class Image>
[[nodiscard]] address place_of_target(reader<Image>& from, const table::callee& callee, unsigned ordinal) noexcept {
    constexpr size_t size = image_target<Image>::pointer_size;
    const address at = callee.targets.target() + ordinal * size;
    if (at % size != 0 || !from.image.readable(at, size)) {
        from.fail(error::ordinal_outside, at);
    }
    return at;
}

/// How far after its marker a call is looked for, in bytes.
inline constexpr size_t call_window = 4096;

/// Reads the call of a record in which apply() has noted that it found one. False if the site holds another
/// instruction now.
template <class Image>
[[nodiscard]] bool find_noted_call(const Image& image, const table::call_record& record,
                                   typename image_target<Image>::found_branch& result) noexcept {
    using target = image_target<Image>;
    const address at = record.site.target();
    return target::patched_branch_at(at, executable_from(image, at, target::longest_branch), result);
}

/// Finds the call that belongs to `record`, a record of the table that ends at `end`. The walk goes from the marker,
/// instruction by instruction, to the first call of the trampoline that does not belong to another marker in between.
/// (In f(f(x)), the outer marker comes first, and then the inner call.) The walk ends with the text, or at an unknown
/// instruction. If no call is found, `*breakpoint` is the place of a breakpoint that may hide the call.
template <class Image>
[[nodiscard]] bool find_call(const Image& image, const table::call_record* record, const table::call_record* end,
                             address trampoline, typename image_target<Image>::found_branch& result,
                             address* breakpoint = nullptr) noexcept {
    using target = image_target<Image>;
    const address callee = record->callee.target();
    if ((callee & spare_bits) != 0) { // looked for before
        return (callee & table::call_found) != 0 && find_noted_call(image, *record, result);
    }
    address at = record->site.target();
    size_t window = executable_from(image, at, call_window);
    unsigned pending = 1;
    for (unsigned length = 0; window != 0; window -= length, at += length) {
        for (; record + 1 != end && record[1].site.target() == at; ++record) {
            pending += record[1].callee.target() == callee ? 1U : 0U;
        }
        if (target::branch_at(at, window, result) && result.target() == trampoline && --pending == 0) {
            return true;
        }
        if (breakpoint != nullptr && target::breakpoint_at(at, window, trampoline)) {
            *breakpoint = at;
            if (target::breakpoint_ends_walk) {
                break;
            }
        }
        length = target::instruction_length(reinterpret_cast<const uint8_t*>(at), window);
        if (length == 0) {
            break;
        }
    }
    return false;
}

/// The length of a call's site in bytes.
template <class Branch>
[[nodiscard]] unsigned length_of(const Branch& branch) noexcept {
    return static_cast<unsigned>(branch.end - branch.start);
}

/// The bytes of a call before it is patched: it goes through its trampoline. The trampoline is in reach, since the
/// compiler's call reached it from here.
template <class Target = arch::here>
void place_unpatched_call(const typename Target::found_branch& branch, address trampoline, uint8_t* bytes) noexcept {
    (void)Target::encode_branch(branch, trampoline, table::call_mode::function, bytes);
}

/// The length_of() bytes of a call when its target is `to`, a function of the kind `mode`. False if the target is out
/// of reach: then the call goes through its trampoline. (The call of a hook always does.)
template <class Target = arch::here>
[[nodiscard]] bool place_call(const typename Target::found_branch& branch, address trampoline, address to,
                              table::call_mode mode, uint8_t* bytes) noexcept {
    const bool hooked = mode == table::call_mode::hook;
    const bool direct = hooked || Target::encode_branch(branch, to, mode, bytes);
    if (hooked || !direct) {
        place_unpatched_call<Target>(branch, trampoline, bytes);
    }
    return direct;
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
