// SPDX-License-Identifier: BSL-1.0
//
// by_hand: the code that patched sites are compared with, written without a library.
//
// No other file outside of arch/ and emit/ has inline assembly: the measured code must not make the yardstick.
#pragma once

#include <bit>
#include <cstdint>

namespace bench::by_hand {

using number = std::uint64_t;

/// In the registers that the alternative has as well, so that the code around both is the same.
[[gnu::always_inline]] inline number popcnt(number x) {
    number result; // NOLINT(cppcoreguidelines-init-variables)
    asm volatile("popcnt %%rdi, %%rax" : "=a"(result) : "D"(x) : "cc");
    return result;
}

[[gnu::always_inline]] inline number save_fl() {
    number result; // NOLINT(cppcoreguidelines-init-variables)
    // The red zone would be overwritten: for files compiled with -mno-red-zone, like a kernel's.
    asm volatile("pushfq\n\tpop %%rax" : "=a"(result) : : "memory");
    return result;
}

/// The same, filled up to the six bytes of the call that pv_alt_call replaces.
[[gnu::always_inline]] inline number padded_save_fl() {
    number result; // NOLINT(cppcoreguidelines-init-variables)
    asm volatile("pushfq\n\tpop %%rax\n\t.byte 0x0f, 0x1f, 0x40, 0x00" : "=a"(result) : : "memory");
    return result;
}

/// `x`, with a value that the compiler cannot know. `Way` makes two statements different: the compiler would merge
/// equal statements, and the branch before them.
template <int Way>
[[gnu::always_inline]] inline number opaque(number x) {
    asm volatile("# way %c1" : "+r"(x) : "i"(Way));
    return x;
}

/// The step of every chain: a rotation by a constant. Every core executes it in one cycle. An addition of a constant
/// would not do: Intel's cores from Golden Cove on carry out several additions in a cycle, while they rename registers.
///
/// Sources: the tables of uops.info and of Agner Fog ("ROR r64, i": latency 1, "IMUL r64, r64": 3), and on additions
/// http://www.complang.tuwien.ac.at/anton/additions/. Measured on a core of that family (Xeon, family 6, model 207), in
/// rotations: exclusive or 1.00, imul 2.96, lea 1(r), r 0.19, add $1, r 0.19. `By` is not 1: a rotation by 1 has
/// another encoding and other rules for flags.
template <int By>
[[gnu::always_inline]] inline number rotate(number x) {
    static_assert(By > 1 && By < 63);
    return std::rotr(x, By);
}

/// 64 rotations, each waiting for the previous one: a cycle each.
[[gnu::always_inline]] inline void one_by_one(number& a) {
    asm volatile(".rept 64\n\tror $13, %0\n\t.endr" : "+r"(a) : : "cc");
}

/// 64 instructions in groups of four that do not wait for each other. A core executes up to four in a cycle, if no
/// other thread uses it. They are exclusive ors of two registers: no core executes those while it renames, and each
/// integer unit can (only some units rotate). The nops use no execution unit, but they use places in the core's front
/// end, which its threads share. A core of a Xeon, family 6, model 207, executes 3.2 exclusive ors in a cycle, and 1.9
/// beside a busy sibling thread. Without nops, these are 3.3 and 2.8.
[[gnu::always_inline]] inline void four_at_once(number& a, number& b, number& c, number& d, number y) {
    asm volatile(".rept 16\n\txor %4, %0\n\txor %4, %1\n\txor %4, %2\n\txor %4, %3\n\tnop\n\tnop\n\t.endr"
                 : "+r"(a), "+r"(b), "+r"(c), "+r"(d)
                 : "r"(y)
                 : "cc");
}

} // namespace bench::by_hand
