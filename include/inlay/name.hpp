// SPDX-License-Identifier: BSL-1.0
//
// name: a string as a template argument; in inlay a name is an identity.
//
//     inlay::feature<"app.x", inlay::by_hand{}> x;      // the same feature in every unit that says "app.x"
#pragma once

#include "inlay/name_hash.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

/// A string literal that can be a template argument. `Size` counts the terminating null.
template <size_t Size>
struct name {
    char text[Size]{};

    // NOLINTNEXTLINE(google-explicit-constructor, *-avoid-c-arrays): a literal must convert by itself
    consteval name(const char (&literal)[Size]) {
        for (size_t i = 0; i < Size; ++i) {
            text[i] = literal[i];
        }
    }

    [[nodiscard]] constexpr bool empty() const noexcept { return Size <= 1; }
};

template <size_t Size>
name(const char (&)[Size]) -> name<Size>; // NOLINT(*-avoid-c-arrays): as above

template <size_t A, size_t B>
[[nodiscard]] constexpr bool operator==(const name<A>& a, const name<B>& b) noexcept {
    if (A != B) {
        return false;
    }
    for (size_t i = 0; i < A; ++i) {
        if (a.text[i] != b.text[i]) {
            return false;
        }
    }
    return true;
}

namespace detail {

/// Whether the `length` characters at `name` are one of the words in `list`. Blanks separate the words.
[[nodiscard]] constexpr bool is_word_of(const char* list, const char* name, size_t length) noexcept {
    for (size_t start = 0; list[start] != '\0'; ++start) {
        size_t same = 0;
        while (list[start] == ' ' && same < length && name[same] != ' ' && list[start + 1 + same] == name[same]) {
            ++same;
        }
        if (length != 0 && same == length && list[start + 1 + same] == ' ') {
            return true;
        }
    }
    return false;
}

/// Whether a name has the bytes in it that stand for a null; and how many nulls it has.
template <size_t Size>
[[nodiscard]] consteval bool has_encoded_null(const name<Size>& from) noexcept {
    for (size_t i = 0; i + 1 < Size; ++i) {
        if (from.text[i] == '\xc0' && from.text[i + 1] == '\x80') {
            return true;
        }
    }
    return false;
}
template <size_t Size>
[[nodiscard]] consteval size_t count_nulls(const name<Size>& from) noexcept {
    size_t count = 0;
    for (size_t i = 0; i + 1 < Size; ++i) {
        count += from.text[i] == '\0' ? 1 : 0;
    }
    return count;
}

/// A name in the form of the tables. In the tables, a null character ends a text. A null character inside the name is
/// written as the bytes C0 80, as in "modified UTF-8": they are no character of UTF-8.
template <name Name>
[[nodiscard]] consteval auto encode_nulls() noexcept {
    if constexpr (count_nulls(Name) == 0) {
        return Name;
    } else {
        char text[sizeof(Name.text) + count_nulls(Name)]{}; // NOLINT(*-avoid-c-arrays): as in a name
        size_t length = 0;
        for (size_t i = 0; i + 1 < sizeof(Name.text); ++i) {
            if (Name.text[i] == '\0') {
                text[length++] = '\xc0';
                text[length++] = '\x80';
            } else {
                text[length++] = Name.text[i];
            }
        }
        return name{text};
    }
}

/// The characters of a name as an object, for the tables to refer to; and its hash, for its cell.
template <name Name>
struct name_text {
    static_assert(!has_encoded_null(Name),
                  "inlay: a name has the bytes C0 80 in it; they stand for a null character in the tables, so that two "
                  "names would be one. Use another name");

    [[gnu::visibility("hidden")]] static inline constexpr auto value = encode_nulls<Name>();
    static constexpr uint32_t hash = hash_of(value.text);
};

} // namespace detail

} // namespace inlay
