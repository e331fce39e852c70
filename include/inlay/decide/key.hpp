// SPDX-License-Identifier: BSL-1.0
//
// key: the bytes of a key's site, or of a switch's, for a value.
//
// How it works. Such a site is one instruction: a jump to where the value leads, or a nop where the value falls
// through.
//
//     shape of the record            value    bytes
//     (none)                         false    nop          the code after the site is for false
//                                    true     jump
//     falls_through_if_true          true     nop          the code after the site is for true
//                                    false    jump
//     many_ways                      v        jump to way (v >> shift) - first, or nop where that way follows
//
// With a value that is none of a switch's ways, no thread reaches the site, and its bytes stay.
#pragma once

#include "inlay/decide/patch.hpp"
#include "inlay/decide/reader.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
inline namespace INLAY_TARGET {

/// The bytes of a key site while the key's value is `value`; of length 0 if the site stays as it is.
template <class Image>
void decide(reader<Image>& from, const table::key_record& record, address value, patch& result) noexcept {
    using target = detail::image_target<Image>;
    result.length = 0;
    const address site = record.site.target();
    if (!from.image.executable(site, target::longest_jump)) {
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
    if (target::jump_length(reinterpret_cast<const uint8_t*>(site)) == 0) {
        from.fail(error::site_changed, site);
    } else if (to == 0) {
        target::fill_nops(result.bytes, target::longest_jump);
    } else if (!from.image.executable(to, 1)) {
        from.fail(error::reference_outside, to);
    } else if (!target::encode_jump(site, to, result.bytes)) {
        from.fail(error::target_out_of_range, to);
    }
    result.length = target::longest_jump;
}

} // namespace INLAY_TARGET
} // namespace inlay
