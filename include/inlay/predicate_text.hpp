// SPDX-License-Identifier: BSL-1.0
//
// predicate_text: a predicate as text, as the report prints it.
//
//     inlay::text_of(cpu.sse2 && !cpu.xenpv)                  // "sse2 && !xenpv", a constant
//     static constexpr const char* why = inlay::text_of(x || (cpu.smap && !y));
//
// How it works. The text is made while compiling, from the predicate's type; a program holds the texts that it uses,
// and nothing else. It shows the simplified predicate: `text_of(!(x || y))` is "!x && !y". A group in a group always
// has parentheses.
#pragma once

#include "inlay/feature.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {

/// Writes characters, or counts them if it has nowhere to write to.
struct character_writer {
    char* to{};
    size_t length{};

    constexpr void add(char one) noexcept {
        if (to != nullptr) {
            to[length] = one;
        }
        ++length;
    }
    constexpr void add(const char* text) noexcept {
        for (; *text != '\0'; ++text) {
            add(*text);
        }
    }
};

/// Spells a predicate that is one word.
template <class Predicate>
struct predicate_spelling {
    static constexpr void write(character_writer& out) noexcept { out.add(Predicate::text()); }
};
template <>
struct predicate_spelling<always_t> {
    static constexpr void write(character_writer& out) noexcept { out.add("always"); }
};
template <>
struct predicate_spelling<never_t> {
    static constexpr void write(character_writer& out) noexcept { out.add("never"); }
};
template <class Predicate>
struct predicate_spelling<not_<Predicate>> {
    static constexpr void write(character_writer& out) noexcept {
        out.add('!');
        predicate_spelling<Predicate>::write(out);
    }
};

template <class Predicate>
inline constexpr bool is_junction = false;
template <class... Predicates>
inline constexpr bool is_junction<all_of<Predicates...>> = true;
template <class... Predicates>
inline constexpr bool is_junction<any_of<Predicates...>> = true;

template <class Predicate>
constexpr void write_part(character_writer& out, bool& first, const char* between) noexcept {
    out.add(first ? "" : between);
    first = false;
    out.add(is_junction<Predicate> ? "(" : "");
    predicate_spelling<Predicate>::write(out);
    out.add(is_junction<Predicate> ? ")" : "");
}
template <class... Predicates>
struct predicate_spelling<all_of<Predicates...>> {
    static constexpr void write(character_writer& out) noexcept {
        bool first = true;
        (write_part<Predicates>(out, first, " && "), ...);
    }
};
template <class... Predicates>
struct predicate_spelling<any_of<Predicates...>> {
    static constexpr void write(character_writer& out) noexcept {
        bool first = true;
        (write_part<Predicates>(out, first, " || "), ...);
    }
};

/// The text of a predicate as an object.
template <class Predicate>
struct predicate_text {
    static constexpr size_t length = [] {
        character_writer counter{};
        predicate_spelling<Predicate>::write(counter);
        return counter.length;
    }();

    struct characters {
        char text[length + 1]{}; // NOLINT(*-avoid-c-arrays): no header for std::array
    };
    [[gnu::visibility("hidden")]] static inline constexpr characters value = [] {
        characters made{};
        character_writer writer{.to = made.text};
        predicate_spelling<Predicate>::write(writer);
        return made;
    }();
};

} // namespace detail

/// The predicate as text; it ends with a null character and lives as long as the program.
template <predicate Predicate>
[[nodiscard]] constexpr const char* text_of(Predicate /*which*/) noexcept {
    return detail::predicate_text<Predicate>::value.text;
}

} // namespace inlay
