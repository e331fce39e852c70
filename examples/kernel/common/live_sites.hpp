// SPDX-License-Identifier: BSL-1.0
//
// live_sites: sites that change while processors run through them, and how a test sees that each pass was right.
//
//     live::begin(sites);                                      // one processor changes, ...
//     live::say_changing(i);
//     auto done = live::change(kind, value, sites);
//     live::say_changed(i, sites);
//     live::pass(seen[this_cpu().number]);                     // ... and all pass
//
// What. A key, a switch, three static calls (between functions, to nothing, to zero), and a hook.
// Why. Each pass must find the old or the new form of each site. Once a change has returned, no pass that begins then may
// find the old one.
// How. The word `state` stands for the values of the sites, or says that one is changing. A pass reads it before and
// after. If both are the same and stand for values, the pass must have found just these values. Then the processor must
// also have synchronised since that change wrote its sites. No emulator shows an old instruction that a processor keeps,
// but this shows a processor that a change has forgotten, such as one that started meanwhile.
#pragma once

#include "types.hpp"

#include <inlay/kernel.hpp>

namespace kernel::live {

inline constexpr inlay::static_key<"live.key", false> key;
inline constexpr inlay::static_switch<"live.switch", 4, 0> way;

[[nodiscard]] u64 plus_0(u64 value) noexcept;
[[nodiscard]] u64 plus_1(u64 value) noexcept;
[[nodiscard]] u64 plus_2(u64 value) noexcept;
inline constexpr inlay::static_call<"live.call", &plus_0> call;

/// A function, or nothing.
void note(u64* at) noexcept;
inline constexpr inlay::static_call<"live.nothing", &note> nothing;

/// A function, or zero.
[[nodiscard]] u64 one() noexcept;
inline constexpr inlay::static_call<"live.zero", &one> zero;

/// A function, or nothing, and the caller keeps its registers: null at first.
inline constexpr inlay::hook<"live.hook", void(u64*)> hooked;

/// The values that a pass finds, and those that the sites have.
struct found {
    u64 key;     ///< 0 or 1
    u64 way;     ///< 0 to 3
    u64 call;    ///< 0 to 2
    u64 nothing; ///< 0 or 1
    u64 zero;    ///< 0 or 1
    u64 hooked;  ///< 0 or 1
};
/// The values of the declarations.
inline constexpr found declared{.key = 0, .way = 0, .call = 0, .nothing = 1, .zero = 1, .hooked = 0};

/// The passes of one processor.
struct [[gnu::aligned(256)]] passes {
    u64 all;
    u64 settled; ///< between changes
    u64 illegal;
    u64 stale;     ///< found another form than that of the state
    u64 forgotten; ///< by a processor that has not synchronised since the last change

    void add(const passes& other) noexcept {
        all += other.all;
        settled += other.settled;
        illegal += other.illegal;
        stale += other.stale;
        forgotten += other.forgotten;
    }
};

enum class kind : u8 { a_key, a_switch, a_call, a_call_or_nothing, a_call_or_zero, a_hook };
inline constexpr u64 kinds = 6;
/// Changes, of the first ones of each kind, to the value of the declaration: they write nothing.
inline constexpr u64 idle_changes = 4;

/// Before the first change.
void begin(const found& sites) noexcept;
/// The change with this number begins, or has been made, and the sites have these values.
void say_changing(u64 number) noexcept;
void say_changed(u64 number, const found& sites) noexcept;
/// Another one whenever a change begins or ends.
[[nodiscard]] u64 state() noexcept;
/// Changes that have been made, by a state.
[[nodiscard]] u64 changes_by(u64 state) noexcept;

/// Of the architecture: the number of the last synchronisation that is complete, and of the last one that this processor
/// has taken part in.
[[nodiscard]] u64 synchronised_everywhere() noexcept;
[[nodiscard]] u64 synchronised_here() noexcept;

/// Runs through all sites once.
void pass(passes& mine) noexcept;

/// Changes the name of this kind to another value for each `value`, and notes this value in `sites`. It takes the
/// kernel's own platform, or the given one.
template <class... Text>
[[nodiscard]] inlay::outcome change(kind what, u64 value, found& sites, Text&... text) noexcept {
    switch (what) {
    case kind::a_key:
        sites.key = value % 2;
        return inlay::set(key, value % 2 == 1, text...);
    case kind::a_switch:
        sites.way = value % 4;
        return inlay::set(way, static_cast<unsigned>(value % 4), text...);
    case kind::a_call:
        sites.call = value % 3;
        return value % 3 == 0   ? inlay::update(call, &plus_0, text...)
               : value % 3 == 1 ? inlay::update(call, &plus_1, text...)
                                : inlay::update(call, &plus_2, text...);
    case kind::a_call_or_nothing:
        sites.nothing = value % 2;
        return value % 2 == 1 ? inlay::update(nothing, &note, text...) : inlay::update(nothing, nullptr, text...);
    case kind::a_hook:
        sites.hooked = value % 2;
        return value % 2 == 1 ? inlay::update(hooked, &note, text...) : inlay::update(hooked, nullptr, text...);
    default:
        sites.zero = value % 2;
        return value % 2 == 1 ? inlay::update(zero, &one, text...)
                              : inlay::update(zero, inlay::returns_zero<u64() noexcept>, text...);
    }
}

} // namespace kernel::live
