// SPDX-License-Identifier: BSL-1.0
//
// operands: registers in which a site of AArch64 takes values, gives a result, or changes something.
//
//     emit::input_mask<x0, x1>                              // bits 0 and 1
//     emit::changed_by_site(gives::in_x0, keeps::general, 0)    // x0, x16, x17, x30
#pragma once

#include "inlay/arch/aarch64/registers.hpp"
#include "inlay/arch/compiler.hpp"
#include "inlay/code.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64::emit {

using inlay::emit::word;

/// The registers of arguments and results by AAPCS64 (6.8.2), as far as a site takes operands.
inline constexpr reg64 argument_registers[] = {x0, x1, x2, x3, x4, x5};
template <class Result>
inline constexpr auto result_register = x0;
inline constexpr size_t most_arguments = sizeof(argument_registers) / sizeof(argument_registers[0]);
inline constexpr size_t widest_result = 8; ///< in bytes
/// Whether a function by the ordinary convention finds its arguments there.
inline constexpr bool operands_are_arguments = true;

/// The operands of a site, by register. A site reads only those of takes<...>().
struct inputs {
    word x0 = 0;
    word x1 = 0;
    word x2 = 0;
    word x3 = 0;
    word x4 = 0;
    word x5 = 0;
};

/// Puts `value` into the member of `in` for register `Number`.
template <unsigned Number>
[[gnu::always_inline]] inline void load(inputs& in, word value) noexcept {
    (Number == x0.number   ? in.x0
     : Number == x1.number ? in.x1
     : Number == x2.number ? in.x2
     : Number == x3.number ? in.x3
     : Number == x4.number ? in.x4
                           : in.x5) = value;
}

/// The registers of takes<...>() as a mask: bit n for register n.
template <reg64... Registers>
inline constexpr unsigned input_mask = []() consteval {
    static_assert(((Registers.number < 6) && ...),
                  "inlay: an alternative takes operands in x0 to x5; write .takes<x0, x1>(), for example");
    constexpr unsigned mask = ((1U << Registers.number) | ... | 0U);
    constexpr uint64_t sum = ((uint64_t{1} << Registers.number) + ... + 0U);
    static_assert(mask == sum, "inlay: takes<...>() names a register twice");
    static_assert((mask & (mask + 1)) == 0,
                  "inlay: the operands of an alternative are in the first registers without a gap. Write .takes<x0>(), "
                  ".takes<x0, x1>() and so on up to .takes<x0, x1, x2, x3, x4, x5>(), in any order");
    return mask;
}();

/// The results of a site.
struct outputs {
    word x0 = 0;
};

/// The registers that a site preserves.
enum class keeps : uint8_t {
    all,                    ///< all but the result registers; flags and memory change
    general,                ///< the same, but vector and floating-point registers change: it calls a function
    callee_saved = general, ///< the same here: it calls an operation that is callee-save
    preserved               ///< the registers that a function preserves by the calling convention
};

/// The registers that a site preserves when it calls such a function.
constexpr keeps keeps_of(called what) {
    return what == called::nothing                                     ? keeps::all
           : what == called::callee_save || what == called::preserving ? keeps::general
                                                                       : keeps::preserved;
}

/// The registers in which a site returns its result.
enum class gives : uint8_t { no_result, in_x0 };

/// The registers in which a function returns a result of `Size` bytes.
template <size_t Size>
inline constexpr gives result_of_size = gives::in_x0;

/// Whether a site can return a result in `Register`, and by which of `gives`.
template <auto Register>
inline constexpr bool can_return = false;
template <>
inline constexpr bool can_return<x0> = true;
template <auto Register>
inline constexpr gives gives_in = gives::no_result;
template <>
inline constexpr gives gives_in<x0> = gives::in_x0;

/// The value of the result register.
template <auto Register>
[[gnu::always_inline]] inline word result(const outputs& out) noexcept {
    return out.x0;
}

/// The registers of clobbers<...>() as a mask: bit n for register n.
template <auto... Registers>
inline constexpr unsigned clobber_mask = []() consteval {
    static_assert(((Registers.number < 31 && Registers.number != x29.number) && ...),
                  "inlay: clobbers<...>() names x0 to x28 and x30, but neither the stack pointer nor x29, on which a "
                  "function's frame hangs. Push and pop x29 in the form");
    return ((1U << Registers.number) | ... | 0U);
}();

inline constexpr unsigned stack_number = sp.number;

/// The registers that a function may change: x0 to x18, and x30.
inline constexpr unsigned caller_saved = 0x4007ffffU;
/// Those that a thunk, or a veneer on the way to it, may: x0, x16, x17 and x30.
inline constexpr unsigned changed_by_thunk = 0x40030001U;
/// Those for which a site that calls nothing need not clobber all of `caller_saved`: x0 to x5, x16 and x17.
inline constexpr unsigned scratch = 0x0003003fU;

/// The registers that a site with these properties may change, as a mask.
consteval unsigned changed_by_site(gives result, keeps what, unsigned clobbers) {
    unsigned mask = clobbers;
    mask |= result == gives::in_x0 ? 1U << x0.number : 0U;
    mask |= what == keeps::general ? changed_by_thunk : 0U;
    mask |= what == keeps::preserved ? caller_saved : 0U;
    return mask;
}

} // namespace aarch64::emit
} // namespace inlay
