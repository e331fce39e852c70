// SPDX-License-Identifier: BSL-1.0
//
// bytes: copies and compares the few bytes of a site.
//
//     detail::copy(to, from, 5);                  if (detail::equal(a, b, 5)) ...
//
// How it works. It copies words of four bytes. If the count is no multiple of four, the last word overlaps the previous
// one. A kernel need not have memcpy() and memcmp(). Compilers turn loops into calls of them, but not volatile stores,
// nor a loop with two ends.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

/// Four bytes anywhere in memory.
using unaligned_word [[gnu::aligned(1), gnu::may_alias]] = uint32_t;

[[nodiscard]] inline uint32_t word_at(const uint8_t* from) noexcept {
    return *reinterpret_cast<const unaligned_word*>(from);
}

/// Copies `count` bytes; the two places do not overlap.
inline void copy(uint8_t* to, const uint8_t* from, size_t count) noexcept {
    if (count >= 4) {
        const size_t last = count - 4;
        size_t at = 0;
        do {
            *reinterpret_cast<volatile unaligned_word*>(to + at) = word_at(from + at);
            at += 4;
        } while (at < last);
        *reinterpret_cast<volatile unaligned_word*>(to + last) = word_at(from + last);
        return;
    }
    if (count != 0) {
        to[0] = from[0];
        to[count / 2] = from[count / 2];
        to[count - 1] = from[count - 1];
    }
}

/// Whether `count` bytes are the same.
[[nodiscard]] inline bool equal(const uint8_t* a, const uint8_t* b, size_t count) noexcept {
    if (count >= 4) {
        const size_t last = count - 4;
        size_t at = 0;
        do {
            if (word_at(a + at) != word_at(b + at)) {
                return false;
            }
            at += 4;
        } while (at < last);
        return word_at(a + last) == word_at(b + last);
    }
    return count == 0 || (a[0] == b[0] && a[count / 2] == b[count / 2] && a[count - 1] == b[count - 1]);
}

} // namespace INLAY_TARGET

} // namespace detail
} // namespace inlay
