// SPDX-License-Identifier: BSL-1.0
//
// compiler: statements that tell the compiler about assembly, for all architectures.
//
//     emit::no_red_zone();                                  // the function around this may call another
//     asm("..." : : "r"(emit::laundered(value)));           // a register, never a constant
//
// How it works. Each function is an empty assembly statement, whose operands state the compiler's assumptions. None
// writes an instruction that the processor executes.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/code.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace emit {

/// Four bytes of a code as an operand: 32 bits, because no compiler prints larger constants.
consteval int chunk(const machine_code& code, unsigned index) {
    return static_cast<int>(static_cast<uint32_t>(code.words[index / 2] >> (index % 2 * 32)));
}

inline namespace INLAY_TARGET {

/// Called on a path that is never taken, so that the function around a site is not a leaf. It calls an unknown
/// function, because GCC aligns the stack of a function only as its known callees need it.
///
/// Unlike a site it may throw. So the compiler gives the function around the site a table of handlers, by which an
/// exception that leaves the site ends the program. (Without a table, an unwinder would pass through.)
[[noreturn, gnu::noinline, gnu::cold, gnu::visibility("hidden")]] inline void never_a_leaf() {
    void (*unknown)(); // NOLINT(*-init-variables): that is the point
    asm("" : "=r"(unknown));
    unknown();
    __builtin_trap();
}

} // namespace INLAY_TARGET

/// Tells the compiler that the enclosing function may make a call. On x86-64, this function then has no red zone. An
/// unwinder learns from the call that no exception passes a site.
[[gnu::always_inline]] inline void no_red_zone() {
    asm goto("" : : : : never);
    return;
never:
    never_a_leaf();
}

/// Makes the function around it one with a frame pointer: an unwinder finds its frame between a push and a pop, too.
[[gnu::always_inline]] inline void needs_frame_pointer() noexcept {
#ifdef __GCC_HAVE_DWARF2_CFI_ASM
    asm volatile("" : : "r"(__builtin_frame_address(0)));
#endif
}

/// Tells GCC that the function around this calls an unknown one. The analysis of -fipa-reference ignores a "memory"
/// clobber. Without an unknown call, it takes static variables of the unit for unchanged if no code takes their
/// address. GCC drops this call after that analysis.
[[gnu::always_inline]] inline void tell_of_call() noexcept {
#if !defined(__clang__)
    uintptr_t unknown; // NOLINT(*-init-variables): that is the point
    asm("" : "=r"(unknown));
    if (__builtin_constant_p(unknown)) {
        reinterpret_cast<void (*)()>(unknown)();
    }
#endif
}

/// A declaration, as a site takes it. The name of the site's assembler macro ends with the declaration's anchor, and
/// describe() has the assembler define the macro.
template <class Type>
concept described = requires { Type::describe(); };

/// The value of a general register.
using word = uintptr_t;

/// `value`, unknown to the compiler, so that it must be in a register.
[[gnu::always_inline]] inline word laundered(word value) noexcept {
    asm("" : "+r"(value));
    return value;
}
/// Any value at all.
[[gnu::always_inline]] inline word anything() noexcept {
    word value;                     // NOLINT(*-init-variables): that is the point
    asm volatile("" : "=r"(value)); // volatile: else two of these would be one value, to be copied
    return value;
}

} // namespace emit
} // namespace inlay
