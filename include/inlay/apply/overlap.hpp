// SPDX-License-Identifier: BSL-1.0
//
// overlap: whether two alternatives share bytes of text without beginning at the same one.
//
//     if (const auto* record = detail::first_overlap(image, section, map)) ...
//
// How it works. Tables are in the order of text, except for the sites that linkers and cold sections move. In this
// order, comparing neighbours is enough, and this header is not needed. Otherwise the check looks at the text in
// windows. A window has two maps: one marks the bytes that sites begin at, the other one the bytes inside of sites. A
// byte in both is an overlap.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/code.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

using alternatives_section = table::section<const table::alternative_record>;

/// The length of a record's site in bytes; 0 if the record is malformed.
template <class Image>
[[nodiscard]] unsigned site_length(const Image& image, const table::alternative_record& record) noexcept {
    const address choices = record.choices.target();
    const bool good = image.readable(choices, sizeof(table::choice));
    return good ? reinterpret_cast<const table::choice*>(choices)->length : 0;
}

/// A word of a map, in memory that may have had another use.
using map_word [[gnu::may_alias]] = uint64_t;

/// A bit for each byte in a window of text.
struct text_map {
    static constexpr unsigned count = 96;
    static constexpr address span = address{count} * 64; ///< of the window, in bytes

    map_word words[count];

    void clear() noexcept {
        for (unsigned i = 0; i < count; ++i) { // volatile: no call of memset
            static_cast<volatile map_word*>(words)[i] = 0;
        }
    }
    /// Sets the bit of the byte at this offset, if it is in the window.
    void set(address offset) noexcept {
        if (offset < span) {
            words[offset / 64] |= uint64_t{1} << offset % 64;
        }
    }
    [[nodiscard]] bool meets(const text_map& other) const noexcept {
        for (unsigned i = 0; i < count; ++i) {
            if ((words[i] & other.words[i]) != 0) {
                return true;
            }
        }
        return false;
    }
};

/// Whether two of the first `count` sites overlap. `starts` is memory for a map.
template <class Image>
[[nodiscard, gnu::noinline]] bool some_overlap(const Image& image, const alternatives_section& table, size_t count,
                                               text_map& starts) noexcept {
    text_map inside;                                                       // NOLINT(*-member-init): clear() fills it
    for (address begin = 0, next = 0; next != ~address{0}; begin = next) { // the first window finds the lowest site
        starts.clear();
        inside.clear();
        next = ~address{0};
        for (size_t i = 0; i < count; ++i) {
            const address start = table.records[i].site.target();
            const bool before = start < begin;
            if (before ? begin - start >= max_code_length : start - begin >= text_map::span) {
                next = !before && start < next ? start : next;
            } else {
                starts.set(start - begin);
                const unsigned length = site_length(image, table.records[i]);
                for (unsigned each = 1; each < length; ++each) {
                    inside.set(start + each - begin);
                }
            }
        }
        if (starts.meets(inside)) {
            return true;
        }
    }
    return false;
}

/// The first record that overlaps one before it, or the last record of its group; null if none does.
template <class Image>
[[nodiscard, gnu::noinline]] const table::alternative_record*
first_overlap(const Image& image, const alternatives_section& table, text_map& starts) noexcept {
    size_t good = 0;
    size_t bad = table.size() + 1; // nothing is known yet
    for (size_t middle = bad - 1; bad - good > 1; middle = good + (bad - good) / 2) {
        (some_overlap(image, table, middle, starts) ? bad : good) = middle;
    }
    if (bad > table.size()) {
        return nullptr;
    }
    const table::alternative_record* found = table.records + bad - 1;
    while (found + 1 != table.records + table.size() && found[1].site.target() == found->site.target()) {
        ++found;
    }
    return found;
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
