// SPDX-License-Identifier: BSL-1.0
//
// patch: what the patcher must know of x86 machine code: relative operands, and calls in text.
#pragma once

#include "inlay/table.hpp"

#include <cstddef>
#include <cstdint>

namespace inlay::x86 {

/// The little-endian 32-bit field at `at`.
[[nodiscard]] inline std::int32_t load32(const std::uint8_t* at) noexcept {
    return static_cast<std::int32_t>(std::uint32_t{at[0]} | std::uint32_t{at[1]} << 8 | std::uint32_t{at[2]} << 16 |
                                     std::uint32_t{at[3]} << 24);
}

inline void store32(std::uint8_t* at, std::int32_t value) noexcept {
    for (unsigned i = 0; i < 4; ++i) {
        static_cast<volatile std::uint8_t*>(at)[i] =
            static_cast<std::uint8_t>(static_cast<std::uint32_t>(value) >> 8 * i);
    }
}

/// Adds `shift` bytes to the relative operand at `field`. False, and nothing changes, if it would not fit.
[[nodiscard]] inline bool relocate(std::uint8_t* field, std::int64_t shift) noexcept {
    const std::int64_t moved = load32(field) + shift;
    if (moved != static_cast<std::int32_t>(moved)) {
        return false;
    }
    store32(field, static_cast<std::int32_t>(moved));
    return true;
}

/// A branch in text.
struct found_branch {
    address start; ///< of the instruction
    address field; ///< of its rel32
    address end;   ///< of the instruction: distances count from here

    [[nodiscard]] address target() const noexcept {
        return end + static_cast<address>(std::intptr_t{load32(reinterpret_cast<const std::uint8_t*>(field))});
    }
};

/// Bytes of the longest branch that branch_at() knows.
inline constexpr std::size_t longest_branch = 6;

/// True if the bytes at `at` (of which `size` may be read) look like a call, jmp or jcc rel32. An opcode byte
/// can as well be the middle of another instruction; the caller also compares the target, and that four
/// such bytes should be the distance to a trampoline from just there is not a thing that happens.
[[nodiscard]] inline bool branch_at(address at, std::size_t size, found_branch& result) noexcept {
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(at);
    std::size_t opcode = 0;
    if (size >= 5 && (bytes[0] == 0xe8 || bytes[0] == 0xe9)) {
        opcode = 1;
    } else if (size >= 6 && bytes[0] == 0x0f && (bytes[1] & 0xf0U) == 0x80) {
        opcode = 2;
    } else {
        return false;
    }
    result = {at, at + opcode, at + opcode + 4};
    return true;
}

/// Bytes between two places where a branch may begin.
inline constexpr std::size_t instruction_alignment = 1;

/// The four bytes at `branch.field` that make it go to `target`. False if that is out of reach.
[[nodiscard]] inline bool retarget(const found_branch& branch, address target, std::uint8_t* bytes) noexcept {
    const auto distance = static_cast<std::int64_t>(target - branch.end);
    if (distance != static_cast<std::int32_t>(distance)) {
        return false;
    }
    store32(bytes, static_cast<std::int32_t>(distance));
    return true;
}

} // namespace inlay::x86
