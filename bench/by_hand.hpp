// SPDX-License-Identifier: BSL-1.0
//
// by_hand: what patched sites are compared with, as someone who needs no library would write it.
//
// The one place outside arch/*/emit.hpp with inline assembly: a yardstick must not be made by what it measures.
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

/// `x`, of which the compiler knows nothing any more. `Way` tells two of them apart: equal ones would be merged, and
/// the branch before them with it.
template <int Way>
[[gnu::always_inline]] inline number opaque(number x) {
    asm volatile("# way %c1" : "+r"(x) : "i"(Way));
    return x;
}

/// The step of every chain: a rotation by a constant. Every core executes it, in one cycle; an addition of a constant is no
/// such step, since Intel's cores from Golden Cove on carry out several a cycle while they rename registers.
///
/// Sources: the tables of uops.info and of Agner Fog ("ROR r64, i": latency 1, "IMUL r64, r64": 3), and on additions
/// http://www.complang.tuwien.ac.at/anton/additions/. Tried on a core of that family (Xeon, family 6, model 207), in
/// rotations: exclusive or of a register 1.00, imul 2.96, lea 1(r), r 0.19, add $1, r 0.19. `By` is not 1, which has an
/// encoding of its own and other rules for flags.
template <int By>
[[gnu::always_inline]] inline number rotate(number x) {
    static_assert(By > 1 && By < 63);
    return std::rotr(x, By);
}

/// 64 rotations, each waiting for the one before: a cycle each.
[[gnu::always_inline]] inline void one_by_one(number& a) {
    asm volatile(".rept 64\n\tror $13, %0\n\t.endr" : "+r"(a) : : "cc");
}

/// 64 instructions of which each four wait for none of the others: up to four a cycle, if nobody else uses the core.
/// Exclusive or of two registers: no core does that while it renames, and each unit for integers can (only some of them
/// rotate). The nops take units from nobody, but places among the instructions that a core takes up in a cycle, which it
/// shares out between its threads: on a Xeon, family 6, model 207, these are 3.2 a cycle, and 1.9 beside a busy thread;
/// without nops 3.3 and 2.8.
[[gnu::always_inline]] inline void four_at_once(number& a, number& b, number& c, number& d, number y) {
    asm volatile(".rept 16\n\txor %4, %0\n\txor %4, %1\n\txor %4, %2\n\txor %4, %3\n\tnop\n\tnop\n\t.endr"
                 : "+r"(a), "+r"(b), "+r"(c), "+r"(d)
                 : "r"(y)
                 : "cc");
}

} // namespace bench::by_hand
