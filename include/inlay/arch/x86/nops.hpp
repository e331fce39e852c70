// SPDX-License-Identifier: BSL-1.0
//
// nops: the fewest instructions that do nothing in a given number of bytes.
//
//     std::uint8_t padding[11];
//     inlay::x86::fill_nops(padding, sizeof padding);      // a nop of nine bytes and one of two
//
// How it works. The sequences are those of the Intel SDM (volume 2, NOP, "Recommended Multi-Byte Sequence of
// NOP Instruction"), one to nine bytes long. Each is at most four bytes that matter, then zeros: so a table
// of 32-bit words holds them, and shifting a word out byte by byte supplies the zeros. (It is part of the
// runtime that a small kernel carries: 36 bytes of table, about 50 of code.)
#pragma once

#include <cstdint>

namespace inlay::x86 {

/// Longest nop, in bytes. There are longer ones, which some processors decode slowly.
inline constexpr unsigned max_nop_length = 9;

/// The first four bytes of the nop of n + 1 bytes, little endian; the others are 0.
inline constexpr std::uint32_t nop_words[max_nop_length] = {
    0x90,       // nop
    0x9066,     // 66 nop
    0x1f0f,     // nop [rax]
    0x401f0f,   // nop [rax + 0], a displacement of 8 bits
    0x441f0f,   // nop [rax + rax + 0], 8 bits
    0x441f0f66, // 66 nop [rax + rax + 0], 8 bits
    0x801f0f,   // nop [rax + 0], 32 bits
    0x841f0f,   // nop [rax + rax + 0], 32 bits
    0x841f0f66, // 66 nop [rax + rax + 0], 32 bits
};

/// Fills `bytes[0]` to `bytes[count - 1]` with as few nops as possible, the longest first.
constexpr void fill_nops(std::uint8_t* bytes, unsigned count) noexcept {
    while (count != 0) {
        unsigned length = count < max_nop_length ? count : max_nop_length;
        std::uint32_t word = nop_words[length - 1];
        count -= length;
        do {
            *bytes++ = static_cast<std::uint8_t>(word);
            word >>= 8;
        } while (--length != 0);
    }
}

} // namespace inlay::x86
