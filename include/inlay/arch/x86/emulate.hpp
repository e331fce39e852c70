// SPDX-License-Identifier: BSL-1.0
//
// emulate: carries out one instruction for a processor that met a breakpoint in its place.
//
//     struct frame { uintptr_t ip, flags, ax; void push(uintptr_t value) noexcept; };
//     if (x86::may_emulate(bytes, 5)) { x86::emulate(bytes, site, frame); }
//
// How it works. Sites of keys, switches and calls hold one of a few instructions: jmp rel32, call rel32, jcc rel32, a
// nop, ret, or "rax is zero". Each changes the instruction pointer, and at most the stack, rax and flags (Intel SDM
// volume 2, CALL, JMP, Jcc, RET, XOR).
#pragma once

#include "inlay/arch/x86/length.hpp"
#include "inlay/arch/x86/patch.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace x86 {

/// The one-byte breakpoint, which traps with the instruction pointer after it.
inline constexpr uint8_t breakpoint = 0xcc;

namespace detail {
inline namespace INLAY_TARGET {

/// Bits of the flags register (Intel SDM volume 1, 3.4.3).
inline constexpr uintptr_t carry_flag = 1U << 0U;
inline constexpr uintptr_t parity_flag = 1U << 2U;
inline constexpr uintptr_t adjust_flag = 1U << 4U;
inline constexpr uintptr_t zero_flag = 1U << 6U;
inline constexpr uintptr_t sign_flag = 1U << 7U;
inline constexpr uintptr_t overflow_flag = 1U << 11U;

/// Whether the condition holds that the low four bits of a jcc's opcode name (volume 1, appendix B).
[[nodiscard]] constexpr bool holds(unsigned condition, uintptr_t flags) noexcept {
    const auto is = [&](uintptr_t flag) noexcept { return (flags & flag) != 0; };
    bool value = false;
    switch (condition >> 1U) {
    case 0:
        value = is(overflow_flag);
        break;
    case 1:
        value = is(carry_flag);
        break;
    case 2:
        value = is(zero_flag);
        break;
    case 3:
        value = is(carry_flag) || is(zero_flag);
        break;
    case 4:
        value = is(sign_flag);
        break;
    case 5:
        value = is(parity_flag);
        break;
    case 6:
        value = is(sign_flag) != is(overflow_flag);
        break;
    default:
        value = is(zero_flag) || is(sign_flag) != is(overflow_flag);
        break;
    }
    return value != ((condition & 1U) != 0);
}

} // namespace INLAY_TARGET
} // namespace detail

inline namespace INLAY_TARGET {

/// Whether these bytes are one instruction of `size` bytes, and emulate() knows it.
[[nodiscard]] inline bool may_emulate(const uint8_t* bytes, size_t size) noexcept {
    found_branch branch; // NOLINT(cppcoreguidelines-pro-type-member-init): filled if found
    const auto at = reinterpret_cast<address>(bytes);
    return instruction_length(bytes, size) == size &&
           ((patched_branch_at(at, size, branch) && branch.end - at == size) ||
            is_nops(bytes, static_cast<unsigned>(size)) || bytes[0] == 0xc3);
}

/// Carries out the instruction `bytes`, of `size` bytes, at `at`. A `Frame` has `ip`, `flags` and `ax`, which can be
/// assigned, and `push(value)` and `pop()` for the stack of the processor that is interrupted.
template <class Frame>
void emulate(const uint8_t* bytes, size_t size, uintptr_t at, Frame& frame) noexcept {
    const uintptr_t next = at + size;
    const auto goes_to = [&](unsigned field) noexcept {
        return next + static_cast<uintptr_t>(intptr_t{load32(bytes + field)});
    };
    if (bytes[0] == 0xe9) {
        frame.ip = goes_to(1);
    } else if (bytes[0] == 0xe8) {
        frame.push(next);
        frame.ip = goes_to(1);
    } else if (bytes[0] == 0x0f && (bytes[1] & 0xf0U) == 0x80) {
        frame.ip = detail::holds(bytes[1] & 0x0fU, frame.flags) ? goes_to(2) : next;
    } else if (bytes[0] == 0xc3) {
        frame.ip = frame.pop();
    } else {
        for (const auto& form : call_forms<mode_of_unit>) {
            if (form.mode == table::call_mode::zero && inlay::detail::equal(form.bytes, bytes, sizeof(form.bytes))) {
                frame.ax = 0;
                if (bytes[0] != 0xb8) { // xor: clears and sets flags, as it does in hardware
                    frame.flags &= ~(detail::carry_flag | detail::sign_flag | detail::overflow_flag);
                    frame.flags |= detail::zero_flag | detail::parity_flag;
                }
            }
        }
        frame.ip = next;
    }
}

} // namespace INLAY_TARGET
} // namespace x86
} // namespace inlay
