// SPDX-License-Identifier: BSL-1.0
//
// An instruction in place of a call.
#include "../by_hand.hpp"
#include "form.hpp"

#include <inlay/inlay.hpp>

namespace bench {

namespace {

using namespace inlay::x86::insn;
using inlay::cpu, inlay::when;

inline constexpr inlay::feature<"bench.off", inlay::by_hand{}> off; // never set

inline constexpr auto popcount = inlay::alternative<call<&loop_popcount>(), when<cpu.popcnt, popcnt(rax, rdi)>>{}
                                     .takes<rdi>()
                                     .returns<rax, number>();
inline constexpr auto popcount_by_call =
    inlay::alternative<call<&loop_popcount>(), when<off, popcnt(rax, rdi)>>{}.takes<rdi>().returns<rax, number>();
inline constexpr inlay::pv_alt_call<&patched_operations, &operations::popcount, popcnt(rax, rdi), !cpu.xenpv>
    pv_popcount;
inline constexpr inlay::pv_alt_call<&patched_operations, &operations::save_fl, pushf_pop(rax), !cpu.xenpv> pv_save_fl;
inline constexpr inlay::pv_call<&patched_operations, &operations::save_fl> called_save_fl;

[[gnu::always_inline]] inline number ask_and_popcount(number x) {
    // Volatile: else a compiler may ask once for the whole block.
    if (static_cast<const volatile bool&>(has_popcnt)) [[likely]] {
        return by_hand::popcnt(x);
    }
    return loop_popcount(x);
}

/// Opaque: else a compiler puts off the xors, and then it is no chain. (They write the flags that pushf reads.)
[[gnu::always_inline]] inline number with(number flags, number x) { return by_hand::opaque<3>(flags ^ x); }

struct popcount_by_hand {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return by_hand::popcnt(x); }
    static form describe() {
        return {.group = "instructions", .name = "popcnt by hand", .against = "popcnt by hand", .site = {.popcnts = 1}};
    }
};

struct popcount_patched {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return popcount(x); }
    static form describe() {
        return {.group = "instructions",
                .name = "alternative",
                .against = "popcnt by hand",
                .site = {.popcnts = 1},
                .equals = "popcnt by hand"};
    }
};

struct popcount_pv {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return pv_popcount(x); }
    static form describe() {
        return {.group = "instructions",
                .name = "pv_alt_call",
                .against = "popcnt by hand",
                .site = {.popcnts = 1},
                .equals = "popcnt by hand"};
    }
};

struct popcount_asked {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return ask_and_popcount(x); }
    static form describe() {
        return {.group = "instructions",
                .name = "if (has_popcnt) popcnt",
                .against = "popcnt by hand",
                .site = {.branches = 1, .jumps = any, .loads = any, .popcnts = 1},
                .data = {&has_popcnt}};
    }
};

struct popcount_called {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return popcount_by_call(x); }
    static form describe() {
        return {.group = "instructions",
                .name = "alternative that stays a call",
                .against = "popcnt by hand",
                .site = {.calls = 1},
                .through = via::thunk,
                .data = {place(&loop_popcount)}};
    }
};

struct save_fl_by_hand {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return with(by_hand::save_fl(), x); }
    static form describe() {
        return {.group = "instructions",
                .name = "pushf; pop by hand",
                .against = "pushf; pop by hand",
                .site = {.pushfs = 1}};
    }
};

struct save_fl_padded {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) {
        return with(by_hand::padded_save_fl(), x);
    }
    static form describe() {
        return {.group = "instructions",
                .name = "pushf; pop; nop by hand",
                .against = "pushf; pop by hand",
                .site = {.pushfs = 1}};
    }
};

struct save_fl_pv {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return with(pv_save_fl(), x); }
    static form describe() {
        return {.group = "instructions",
                .name = "pv_alt_call, save_fl",
                .against = "pushf; pop by hand",
                .site = {.pushfs = 1},
                .equals = "pushf; pop by hand"};
    }
};

struct save_fl_called {
    [[gnu::always_inline]] static number step(number x, std::size_t /*site*/) { return with(called_save_fl(), x); }
    static form describe() {
        return {.group = "instructions",
                .name = "pv_call, save_fl",
                .against = "pushf; pop by hand",
                .site = {.calls = 1},
                .through = via::thunk,
                .data = {place(&native_save_fl)}};
    }
};

[[gnu::section("bench_copies"), gnu::used]] constinit copy copies[]{
    copy_of<popcount_by_hand>(), copy_of<popcount_patched>(), copy_of<popcount_pv>(),
    copy_of<popcount_asked>(),   copy_of<popcount_called>(),  copy_of<save_fl_by_hand>(),
    copy_of<save_fl_padded>(),   copy_of<save_fl_pv>(),       copy_of<save_fl_called>()};

} // namespace

} // namespace bench
