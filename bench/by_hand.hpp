// SPDX-License-Identifier: BSL-1.0
//
// by_hand: what patched sites are compared with, as someone who needs no library would write it.
//
// The one place outside arch/*/emit.hpp with inline assembly: a yardstick must not be made by what it measures.
#pragma once

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

/// 64 additions, each waiting for the one before: a cycle each on every processor. (Of a register: some processors add
/// constants without executing anything.)
[[gnu::always_inline]] inline void one_by_one(number& a, number y) {
    asm volatile(".rept 64\n\tadd %1, %0\n\t.endr" : "+r"(a) : "r"(y) : "cc");
}

/// 64 additions of which each four wait for none of the others: four a cycle, if the processor has as many units and
/// nobody else uses them.
[[gnu::always_inline]] inline void four_at_once(number& a, number& b, number& c, number& d, number y) {
    asm volatile(".rept 16\n\tadd %4, %0\n\tadd %4, %1\n\tadd %4, %2\n\tadd %4, %3\n\t.endr"
                 : "+r"(a), "+r"(b), "+r"(c), "+r"(d)
                 : "r"(y)
                 : "cc");
}

} // namespace bench::by_hand
