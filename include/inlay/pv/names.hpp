// SPDX-License-Identifier: BSL-1.0
//
// names: the name of an operation, from the names of its table and its member.
//
//     make_name<&irq, &irq_ops::halt>("")                   // "irq.halt"
//     make_name<&irq, 4UL>(".overridden")                   // "irq[4].overridden"
//
// How it works. C++ has no names of objects as values, but __PRETTY_FUNCTION__ contains the template argument as it is
// spelled.
#pragma once

#include "inlay/name.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {

/// The last component of the last template argument in __PRETTY_FUNCTION__.
struct spelling {
    const char* text;
    size_t length;
};
[[nodiscard]] consteval spelling last_component(const char* text, size_t length) {
    size_t end = 0;
    for (size_t i = 0; i < length && text[i] != ';'; ++i) { // GCC explains types after a ';'
        end = text[i] == ']' ? i : end;
        end = text[i + 1] == ';' ? i + 1 : end;
    }
    while (end > 0 && text[end - 1] == ')') {
        --end;
    }
    size_t begin = end;
    while (begin > 0 && text[begin - 1] != ':' && text[begin - 1] != '&' && text[begin - 1] != ' ') {
        --begin;
    }
    return {text + begin, end - begin};
}
template <auto Pointer>
[[nodiscard]] consteval spelling spell() {
    return last_component(__PRETTY_FUNCTION__, sizeof(__PRETTY_FUNCTION__) - 1);
}

/// "table.member", or "table[index]".
template <size_t Size>
struct joined_name {
    char text[Size]{};
    size_t length{};

    consteval void add(spelling part) {
        for (size_t i = 0; i < part.length; ++i) {
            text[length++] = part.text[i];
        }
    }
    consteval void add(size_t number) {
        if (number >= 10) {
            add(number / 10);
        }
        text[length++] = static_cast<char>('0' + number % 10);
    }
};

template <auto* Table, auto Member, size_t Size>
[[nodiscard]] consteval joined_name<Size> join_name(spelling suffix) {
    joined_name<Size> joined{};
    joined.add(spell<Table>());
    if constexpr (detail::is_member_pointer<decltype(Member)>) {
        joined.add(spelling{".", 1});
        joined.add(spell<Member>());
    } else {
        joined.add(spelling{"[", 1});
        joined.add(Member);
        joined.add(spelling{"]", 1});
    }
    joined.add(suffix);
    return joined;
}
template <auto* Table, auto Member, size_t Suffix>
[[nodiscard]] consteval auto make_name(const char (&suffix)[Suffix]) { // NOLINT(*-avoid-c-arrays)
    constexpr size_t longest = 256;
    constexpr size_t length = join_name<Table, Member, longest>({"", 0}).length + Suffix;
    return name<length>{join_name<Table, Member, length>({suffix, Suffix - 1}).text};
}

} // namespace detail
} // namespace inlay
