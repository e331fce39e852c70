// SPDX-License-Identifier: BSL-1.0
//
// static_switch: a key of up to 64 ways.
//
//     inline constexpr inlay::static_switch<"codec.level", 4, 0> level;
//     switch (level) { case 0: ... }       // one nop if it is 0, one jump to its case if not
//     inlay::set(level, 2);                // poke.hpp; at any time, other threads running
//
//     enum class codec { none, fast, small };
//     inline constexpr inlay::static_switch<"codec", 3, codec::fast> chosen;      // the values of an enum
//
// How it works. As static_key; the jump goes to the case of the value. A compiler takes at most 30 operands in an
// assembly statement. So a switch of more than 16 ways has two jumps: to a group of 16, and within the group. A new
// value is written within its group first, so that each execution finds the old or the new one.
#pragma once

#include "inlay/anchor.hpp"
#include "inlay/named.hpp"
#include "inlay/traits.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {

/// The type of a switch, for other images to compare.
template <class Value, unsigned Ways, unsigned Initial>
struct switch_of;

/// The value type of a switch: its enum, or a number.
template <bool IsEnum, class Given>
struct switch_value {
    using type = unsigned;
};
template <class Enum>
struct switch_value<true, Enum> {
    using type = Enum;
};

/// The cell of a switch. Each image has one; for an enum of an unnamed namespace, each unit has one. (Compilers give
/// such switches of two units one mangled name.)
template <name Name, unsigned Ways, auto Initial, unsigned long long Unit>
struct switch_cell {
    static constexpr bool belongs_to_unit = Unit != 0;

    [[gnu::visibility("hidden")]] static inline constinit table::cell state{.value = static_cast<unsigned>(Initial),
                                                                            .state = {.hash = name_text<Name>::hash}};
};

/// The number of this unit, if the type belongs to it.
template <class Type, unsigned long long Unit = number_of_unit(__BASE_FILE__)>
inline constexpr unsigned long long unit_of = has_external_types<Type>() ? 0 : Unit;

/// Ways that one site can have.
inline constexpr unsigned ways_of_a_site = 16;

} // namespace detail

/// A number from 0 to `Ways` - 1, or an enum whose enumerators are these numbers, read without touching memory. Reading
/// is thread-safe, also while it is set.
template <name Name, unsigned Ways, auto Initial = 0U>
struct static_switch : detail::switch_cell<Name, Ways, Initial, detail::unit_of<detail::plain<decltype(Initial)>>> {
    using value_type =
        typename detail::switch_value<__is_enum(decltype(Initial)), detail::plain<decltype(Initial)>>::type;

    static constexpr unsigned ways = Ways;
    static constexpr auto initial = static_cast<unsigned>(Initial);

    static_assert(!Name.empty(), "inlay: a static switch needs a name: static_switch<\"codec.level\", 4, 0>");
    static_assert(Ways >= 2 && Ways <= 64, "inlay: a static switch has 2 to 64 ways");
    static_assert(initial < Ways, "inlay: the initial value of a static switch is one of its ways: 0 to ways - 1");

    // NOLINTNEXTLINE(google-explicit-constructor): a switch statement converts it
    [[gnu::always_inline]] inline operator value_type() const noexcept { return static_cast<value_type>(test()); }

    /// Writes the descriptions that a unit needs; no instruction.
    [[gnu::always_inline]] static inline void describe() noexcept {
        detail::describe_named<static_switch, Name, detail::switch_of<value_type, Ways, initial>>();
    }

private:
    static constexpr unsigned per_site = detail::ways_of_a_site;
    static constexpr unsigned groups = (Ways + per_site - 1) / per_site;

    template <unsigned Group>
    [[gnu::always_inline]] static inline unsigned within() noexcept {
        constexpr unsigned first = Group * per_site;
        constexpr unsigned count = Ways - first < per_site ? Ways - first : per_site;
        // If the initial value is elsewhere, the first way follows the site.
        constexpr unsigned follows = initial / per_site == Group ? initial - first : 0;
        return emit::switch_site<static_switch, count, first, 0, follows>();
    }

    [[gnu::always_inline]] static inline unsigned test() noexcept {
        describe();
        if constexpr (groups == 1) {
            return within<0>();
        } else {
            switch (emit::switch_site<static_switch, groups, 0, 4, initial / per_site>()) {
            case 0:
                return within<0>();
            case 1:
                return within<1>();
            case 2:
                return within<(groups > 2 ? 2 : 1)>();
            default:
                return within<groups - 1>();
            }
        }
    }
};

} // namespace inlay
