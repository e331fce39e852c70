// SPDX-License-Identifier: BSL-1.0
//
// sites: names of each kind, functions that ask them, and how they are changed, for a program or a plugin.
//
//     for (const soak::site& each : soak::all_sites()) { each.ask(); }
//     soak::change(soak::forty_ways, 17);                            // or, to a transaction: add_change()
//
// Included by one unit of an image.
#pragma once

#include <inlay/inlay.hpp>

#include <array>
#include <utility>
#include <vector>

namespace soak {

// Hidden: each image has its own.
[[gnu::noinline, gnu::visibility("hidden")]] inline long plus_one(long x) { return x + 1; }
[[gnu::noinline, gnu::visibility("hidden")]] inline long plus_two(long x) { return x + 2; }
[[gnu::noinline, gnu::visibility("hidden")]] inline void note_one(long& x) { x += 1; }
[[gnu::noinline, gnu::visibility("hidden")]] inline void note_two(long& x) { x += 2; }

inline constexpr inlay::static_key<"soak.off", false> off;
inline constexpr inlay::static_key<"soak.on", true> on;
inline constexpr inlay::static_switch<"soak.five", 5, 0U> five;
inline constexpr inlay::static_switch<"soak.forty", 40, 0U> forty; // two sites each: the group, and within it
inline constexpr inlay::static_switch<"soak.most", 64, 0U> most;
inline constexpr inlay::static_call<"soak.add", &plus_one> add;
inline constexpr inlay::static_call<"soak.note", inlay::no_target<void(long&)>> note;

enum name : unsigned { key_off, key_on, five_ways, forty_ways, most_ways, call_add, call_note, names };

/// The number of values that change() takes, and the sites' answers for them; null: the value itself.
inline constexpr std::array<unsigned, names> values{2, 2, 5, 40, 64, 4, 3};
inline constexpr std::array<long, 4> answers_of_add{101, 0, 102, 0};
inline constexpr std::array<const long*, names> answers{
    nullptr, nullptr, nullptr, nullptr, nullptr, answers_of_add.data(), nullptr};

[[nodiscard]] inline long answer_of(unsigned which, unsigned value) {
    return answers[which] != nullptr ? answers[which][value] : static_cast<long>(value);
}

/// Adds a change of any name to a transaction. Targets of calls are functions of this image.
template <class Transaction>
void add_change(Transaction& to, unsigned which, unsigned value) {
    switch (which) {
    case key_off:
        to.set(off, value == 1);
        break;
    case key_on:
        to.set(on, value == 0);
        break;
    case five_ways:
        to.set(five, value);
        break;
    case forty_ways:
        to.set(forty, value);
        break;
    case most_ways:
        to.set(most, value);
        break;
    case call_add:
        value == 0   ? to.update(add, &plus_one)
        : value == 1 ? to.update(add, nullptr)
        : value == 2 ? to.update(add, &plus_two)
                     : to.update(add, inlay::returns_zero<long(long)>);
        break;
    default:
        value == 0 ? to.update(note, nullptr) : value == 1 ? to.update(note, &note_one) : to.update(note, &note_two);
    }
}

/// In place of a transaction: makes each change at once.
class at_once {
public:
    template <class Key, class Value>
    at_once& set(const Key& key, Value value) {
        good_ = bool{inlay::set(key, value)} && good_;
        return *this;
    }
    template <class Call, class Target>
    at_once& update(const Call& call, const Target& target) {
        good_ = bool{inlay::update(call, target)} && good_;
        return *this;
    }
    [[nodiscard]] bool good() const { return good_; }

private:
    bool good_{true};
};

/// A change of any name.
[[nodiscard]] inline bool change(unsigned which, unsigned value) {
    at_once made;
    add_change(made, which, value);
    return made.good();
}

// ---- Functions with one site each ------------------------------------------------------------------------

[[gnu::visibility("hidden")]] inline volatile long always = 1; // no compiler knows

/// Keeps a compiler from making one function of all copies.
template <int Copy>
[[gnu::always_inline]] inline void differ() {
    asm volatile("" : : "i"(Copy)); // NOLINT(hicpp-no-assembler)
}

struct asks_off {
    static constexpr name of = key_off;
    template <int /*Copy*/>
    [[gnu::always_inline]] static long ask() {
        return off ? 1 : 0;
    }
};
struct asks_off_likely {
    static constexpr name of = key_off;
    template <int /*Copy*/>
    [[gnu::always_inline]] static long ask() {
        return likely(off) ? 1 : 0;
    }
};
struct asks_on {
    static constexpr name of = key_on;
    template <int /*Copy*/>
    [[gnu::always_inline]] static long ask() {
        return on ? 0 : 1;
    }
};
struct asks_five {
    static constexpr name of = five_ways;
    template <int /*Copy*/>
    [[gnu::always_inline]] static long ask() {
        return static_cast<long>(unsigned{five});
    }
};
struct asks_forty {
    static constexpr name of = forty_ways;
    template <int /*Copy*/>
    [[gnu::always_inline]] static long ask() {
        switch (forty) {
        case 1:
            return 1;
        case 17:
            return 17;
        case 38:
            return 38;
        default:
            return static_cast<long>(unsigned{forty});
        }
    }
};
struct asks_most {
    static constexpr name of = most_ways;
    template <int /*Copy*/>
    [[gnu::always_inline]] static long ask() {
        return static_cast<long>(unsigned{most});
    }
};
struct calls_add {
    static constexpr name of = call_add;
    template <int /*Copy*/>
    [[gnu::always_inline]] static long ask() {
        long x = add(100);
        asm volatile("" : "+r"(x)); // NOLINT(hicpp-no-assembler): no tail call
        return x;
    }
};
struct calls_add_last {
    static constexpr name of = call_add;
    template <int /*Copy*/>
    [[gnu::always_inline]] static long ask() {
        return add(100);
    }
};
struct calls_add_last_if { // a conditional jump, with some compilers
    static constexpr name of = call_add;
    template <int /*Copy*/>
    [[gnu::always_inline]] static long ask() {
        if (always != 0) {
            return add(100);
        }
        return -1;
    }
};
template <int Copy>
[[gnu::noinline]] void note_last(long& x) {
    differ<Copy>();
    note.maybe(x);
}
struct calls_note {
    static constexpr name of = call_note;
    template <int /*Copy*/>
    [[gnu::always_inline]] static long ask() {
        long x = 0;
        note.maybe(x);
        return x;
    }
};
struct calls_note_last {
    static constexpr name of = call_note;
    template <int Copy>
    [[gnu::always_inline]] static long ask() {
        long x = 0;
        note_last<Copy>(x);
        return x;
    }
};

/// Sites begin at different bytes of a cache line, so that some straddle two lines.
template <class Asks, int Copy>
[[gnu::noinline, gnu::aligned(64)]] long ask_nearby() {
    asm volatile(".skip %c0, 0x90" : : "i"(1 + Copy * 5 % 64)); // NOLINT(hicpp-no-assembler): only the place matters
    return Asks::template ask<Copy>();
}
/// Each on a separate page.
template <class Asks, int Copy>
[[gnu::noinline, gnu::aligned(4096)]] long ask_far_away() {
    differ<Copy>();
    return Asks::template ask<Copy + 1000>();
}

struct site {
    name of;
    long (*ask)();
};

template <class Asks, int... Copies>
void add_nearby(std::vector<site>& to, std::integer_sequence<int, Copies...> /*of*/) {
    (to.push_back({Asks::of, &ask_nearby<Asks, Copies>}), ...);
}
template <class Asks, int... Copies>
void add_far_away(std::vector<site>& to, std::integer_sequence<int, Copies...> /*of*/) {
    (to.push_back({Asks::of, &ask_far_away<Asks, Copies>}), ...);
}
template <int Nearby, int FarAway, class... Asks>
std::vector<site> sites_of() {
    std::vector<site> all;
    (add_nearby<Asks>(all, std::make_integer_sequence<int, Nearby>{}), ...);
    (add_far_away<Asks>(all, std::make_integer_sequence<int, FarAway>{}), ...);
    return all;
}

/// Of each kind so many that share pages, and so many on pages of their own.
template <int Nearby, int FarAway>
std::vector<site> all_sites() {
    return sites_of<Nearby, FarAway, asks_off, asks_off_likely, asks_on, asks_five, asks_forty, asks_most, calls_add,
                    calls_add_last, calls_add_last_if, calls_note, calls_note_last>();
}

} // namespace soak
