// SPDX-License-Identifier: BSL-1.0
//
// text_change: one site of a batch that text_poke changes.
//
//     text_change next{};
//     next.fill(at, bytes, size);          // notes the present bytes as well, in case the change is taken back
#pragma once

#include "inlay/arch/arch.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/bytes.hpp"
#include "inlay/words.hpp"

namespace inlay::platform {
inline namespace INLAY_TARGET {

struct text_change {
    uintptr_t at;
    uint8_t bytes[arch::longest_branch]; // NOLINT(*-avoid-c-arrays): freestanding
    uint8_t old[arch::longest_branch];   // NOLINT(*-avoid-c-arrays)
    uint8_t size;

    [[gnu::visibility("hidden")]] void fill(uintptr_t site, const uint8_t* to, size_t count) noexcept {
        at = site;
        size = static_cast<uint8_t>(count);
        detail::copy(bytes, to, count);
        detail::copy(old, reinterpret_cast<const uint8_t*>(site), count);
    }
};

} // namespace INLAY_TARGET
} // namespace inlay::platform
