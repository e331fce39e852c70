// SPDX-License-Identifier: BSL-1.0
//
// name: a string as a template argument; in inlay a name is an identity.
//
//     inlay::feature<"app.x", inlay::by_hand{}> x;      // the same feature in every unit that says "app.x"
#pragma once

#include <cstddef>

namespace inlay {

/// A string literal that can be a template argument. `Size` counts the terminating null.
template <std::size_t Size>
struct name {
    char text[Size]{};

    // NOLINTNEXTLINE(google-explicit-constructor, *-avoid-c-arrays): a literal must convert by itself
    consteval name(const char (&literal)[Size]) {
        for (std::size_t i = 0; i < Size; ++i) {
            text[i] = literal[i];
        }
    }

    [[nodiscard]] constexpr bool empty() const noexcept { return Size <= 1; }
};

template <std::size_t A, std::size_t B>
[[nodiscard]] constexpr bool operator==(const name<A>& a, const name<B>& b) noexcept {
    if (A != B) {
        return false;
    }
    for (std::size_t i = 0; i < A; ++i) {
        if (a.text[i] != b.text[i]) {
            return false;
        }
    }
    return true;
}

namespace detail {

/// Whether the `length` characters at `name` are one of the words of `list`, which stand between blanks.
[[nodiscard]] constexpr bool is_word_of(const char* list, const char* name, std::size_t length) noexcept {
    for (std::size_t start = 0; list[start] != '\0'; ++start) {
        std::size_t same = 0;
        while (list[start] == ' ' && same < length && name[same] != ' ' && list[start + 1 + same] == name[same]) {
            ++same;
        }
        if (length != 0 && same == length && list[start + 1 + same] == ' ') {
            return true;
        }
    }
    return false;
}

/// The characters of a name as an object, for the tables to refer to.
template <name Name>
struct name_text {
    [[gnu::visibility("hidden")]] static inline constexpr auto value = Name;
};

} // namespace detail

} // namespace inlay
