// SPDX-License-Identifier: BSL-1.0
//
// operands: registers in which a site of x86 takes values, gives a result, or changes something.
//
//     emit::input_mask<rdi, rsi>                            // bits 7 and 6
//     emit::changed_by_site(gives::in_rax, keeps::general, 0)   // rax and rdx
#pragma once

#include "inlay/arch/compiler.hpp"
#include "inlay/arch/x86/registers.hpp"
#include "inlay/code.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace x86::emit {

using inlay::emit::word;

/// The registers for arguments, and for a result of at most 8 bytes, by the System V ABI (3.2.3). In 32-bit mode they
/// are those of regparm(3), as in Linux.
#if defined(__x86_64__)
inline constexpr reg64 argument_registers[] = {rdi, rsi, rdx, rcx, r8, r9};
template <class Result>
inline constexpr auto result_register = rax;
#else
inline constexpr reg32 argument_registers[] = {eax, edx, ecx};
template <class Result>
inline constexpr auto result_register = []() consteval {
    if constexpr (sizeof(Result) > 4) {
        return edx_eax;
    } else {
        return eax;
    }
}();
#endif
inline constexpr size_t most_arguments = sizeof(argument_registers) / sizeof(argument_registers[0]);
inline constexpr size_t widest_result = 8; ///< in bytes
/// Whether a function by the ordinary convention finds its arguments there.
inline constexpr bool operands_are_arguments = is_64_bit;

/// The operands of a site, by register: rax is eax in 32-bit mode, and so on. A site reads only those in its mask.
struct inputs {
    word rax = 0;
    word rcx = 0;
    word rdx = 0;
    word rbx = 0;
    word rsi = 0;
    word rdi = 0;
#if defined(__x86_64__) // in 32-bit mode Clang would call memset for so large a struct
    word r8 = 0;
    word r9 = 0;
#endif
};

/// Puts `value` into the member of `in` for register `Number`.
template <unsigned Number>
[[gnu::always_inline]] inline void load(inputs& in, word value) noexcept {
    (Number == rax.number   ? in.rax
     : Number == rcx.number ? in.rcx
     : Number == rdx.number ? in.rdx
     : Number == rbx.number ? in.rbx
     : Number == rsi.number ? in.rsi
#if defined(__x86_64__)
     : Number == r8.number ? in.r8
     : Number == r9.number ? in.r9
#endif
                           : in.rdi) = value;
}

/// The registers of takes<...>() as a mask: bit n for register n.
template <auto... Registers>
inline constexpr unsigned input_mask = []() consteval {
    static_assert((inlay::detail::same<inlay::detail::plain<decltype(Registers)>, address_register> && ...),
                  "inlay: an alternative takes operands in whole registers: takes<rdi>(), or takes<edi>() in 32-bit "
                  "mode");
    [[maybe_unused]] constexpr unsigned possible = 1U << rax.number | 1U << rcx.number | 1U << rdx.number |
                                                   1U << rbx.number | 1U << rsi.number | 1U << rdi.number |
                                                   (is_64_bit ? 1U << r8.number | 1U << r9.number : 0U);
    static_assert(((possible >> Registers.number & 1U) && ...),
                  "inlay: an alternative takes operands in rax, rbx, rcx, rdx, rsi, rdi, r8 and r9 (rbx, and the "
                  "registers of functions' arguments and results)");
    constexpr unsigned mask = ((1U << Registers.number) | ... | 0U);
    constexpr unsigned sum = ((1U << Registers.number) + ... + 0U);
    static_assert(mask == sum, "inlay: takes<...>() names a register twice");
    return mask;
}();

/// The results of a site.
struct outputs {
    word rax = 0;
    word rdx = 0;
};

/// The registers that a site preserves.
enum class keeps : uint8_t {
    all,          ///< all but the result registers; flags and memory change
    callee_saved, ///< the same but rax, and vector and floating-point registers: it calls a function
    general,      ///< the same, and rdx
    preserved     ///< the registers that a function preserves by the calling convention
};

/// The registers that a site preserves when it calls such a function.
constexpr keeps keeps_of(called what) {
    return what == called::nothing       ? keeps::all
           : what == called::callee_save ? keeps::callee_saved
           : what == called::preserving  ? keeps::general
                                         : keeps::preserved;
}

/// The registers in which a site returns its result.
enum class gives : uint8_t { no_result, in_rax, in_rdx_rax };

/// The registers in which a function returns a result of `Size` bytes.
template <size_t Size>
inline constexpr gives result_of_size = Size > (is_64_bit ? 8 : 4) ? gives::in_rdx_rax : gives::in_rax;

/// Whether a site can return a result in `Register`, and by which of `gives`.
template <auto Register>
inline constexpr bool can_return = false;
template <>
inline constexpr bool can_return<address_register{rax.number}> = true;
template <>
inline constexpr bool can_return<edx_eax> = true;
template <auto Register>
inline constexpr gives gives_in = gives::no_result;
template <>
inline constexpr gives gives_in<address_register{rax.number}> = gives::in_rax;
template <>
inline constexpr gives gives_in<edx_eax> = gives::in_rdx_rax;

/// The value of the result register.
template <auto Register>
[[gnu::always_inline]] inline auto result(const outputs& out) noexcept {
    if constexpr (gives_in<Register> == gives::in_rdx_rax) {
        return uint64_t{out.rdx} << 32 | static_cast<uint32_t>(out.rax);
    } else {
        return out.rax;
    }
}

/// The registers of clobbers<...>() as a mask: bit n for register n.
template <auto... Registers>
inline constexpr unsigned clobber_mask = []() consteval {
    static_assert(((!inlay::detail::same<inlay::detail::plain<decltype(Registers)>, control_register> &&
                    !inlay::detail::same<inlay::detail::plain<decltype(Registers)>, debug_register> &&
                    Registers.number < (is_64_bit ? 16 : 8) && Registers.number != rsp.number &&
                    Registers.number != rbp.number) &&
                   ...),
                  "inlay: clobbers<...>() names general registers, but for the stack pointer and rbp, on which a "
                  "function's frame hangs. Push and pop rbp in the form");
    return ((1U << Registers.number) | ... | 0U);
}();

inline constexpr unsigned stack_number = rsp.number;

/// The registers that a function may change; then the registers that a function with a thunk may change.
inline constexpr unsigned caller_saved = is_64_bit ? 0x0fc7U : 0x0007U; // rax, rcx, rdx, rsi, rdi, r8 to r11
inline constexpr unsigned result_registers = 1U << rax.number | 1U << rdx.number;

/// The registers that a site with these properties may change, as a mask.
consteval unsigned changed_by_site(gives result, keeps what, unsigned clobbers) {
    unsigned mask = clobbers;
    mask |= result == gives::no_result ? 0U : result == gives::in_rax ? 1U << rax.number : result_registers;
    mask |= what == keeps::callee_saved ? 1U << rax.number : 0U;
    mask |= what == keeps::general ? result_registers : 0U;
    mask |= what == keeps::preserved ? caller_saved : 0U;
    return mask;
}

} // namespace x86::emit
} // namespace inlay
