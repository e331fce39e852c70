// SPDX-License-Identifier: BSL-1.0
//
// name_hash: the hash of a name: FNV-1a, 32 bits (draft-eastlake-fnv).
//
//     static_assert(detail::hash_of("app.trace") == detail::name_text<"app.trace">::hash);
//
// How it works. A declaration's cell has the hash of its name from the start. A record whose cell has another hash was
// damaged, and so nothing is written into that cell. The names of a process are ordered by it (registry.hpp). Images run
// this code when they are loaded, so it is compiled for any processor (INLAY_BASELINE).
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/words.hpp"

INLAY_BASELINE

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace baseline {

/// The hash of a text and one more character.
[[nodiscard]] constexpr uint32_t hash_with(uint32_t hash, char next) noexcept {
    return (hash ^ static_cast<uint8_t>(next)) * 16777619U;
}

[[nodiscard]] constexpr uint32_t hash_of(const char* text) noexcept {
    uint32_t hash = 2166136261U;
    for (; *text != '\0'; ++text) {
        hash = hash_with(hash, *text);
    }
    return hash;
}

} // namespace baseline
} // namespace detail
} // namespace inlay

INLAY_BASELINE_END
