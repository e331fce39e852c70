// SPDX-License-Identifier: BSL-1.0
//
// nops: the fewest instructions that do nothing in a given number of bytes.
//
//     uint8_t padding[11];
//     inlay::x86::fill_nops(padding, sizeof padding);      // a nop of nine bytes and one of two
//     inlay::x86::fill_nops<32>(padding, sizeof padding);  // the nops of 32-bit mode, in a unit of any mode
//
// How it works. The sequences are those of the Intel SDM (volume 2, NOP, "Recommended Multi-Byte Sequence of
// NOP Instruction"), one to nine bytes long. Each has at most four bytes that matter, then zeros. So a table of 32-bit
// words holds them, and shifting a word out byte by byte supplies the zeros. (It is part of the runtime that a small
// kernel carries: 36 bytes of table, about 50 of code.)
//
// In 32-bit mode, nops are moves of esi to itself, up to eight bytes long: not every 32-bit processor has NOP with an
// operand. (Linux: GENERIC_NOP in asm/nops.h.)
#pragma once

#include "inlay/requirements.hpp"

#include "inlay/arch/x86/registers.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace x86 {

/// Longest nop of a mode, in bytes. Some processors decode longer nops slowly.
template <unsigned Mode>
inline constexpr unsigned longest_nop = Mode == 64 ? 9 : 8;
inline constexpr unsigned max_nop_length = longest_nop<mode_of_unit>;

namespace detail {

/// The first four bytes of a nop with n + 1 bytes, little endian; the others are 0.
inline constexpr uint32_t nop_words_64[] = {
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
inline constexpr uint32_t nop_words_32[] = {
    0x90,       // nop
    0xf689,     // mov esi, esi
    0x768d,     // lea esi, [esi + 0], a displacement of 8 bits
    0x26748d,   // lea esi, [esi + 0], by a SIB byte
    0x26748d3e, // ds lea esi, [esi + 0], by a SIB byte
    0xb68d,     // lea esi, [esi + 0], 32 bits
    0x26b48d,   // lea esi, [esi + 0], 32 bits, by a SIB byte
    0x26b48d3e, // ds lea esi, [esi + 0], 32 bits, by a SIB byte
};

} // namespace detail

inline namespace INLAY_TARGET {

/// The first four bytes of a nop with `length` bytes, 1 to longest_nop.
template <unsigned Mode = mode_of_unit>
constexpr uint32_t nop_word(unsigned length) noexcept {
    return Mode == 64 ? detail::nop_words_64[length - 1] : detail::nop_words_32[length - 1];
}

/// Fills `bytes[0]` to `bytes[count - 1]` with as few nops as possible, the longest first.
template <unsigned Mode = mode_of_unit>
constexpr void fill_nops(uint8_t* bytes, unsigned count) noexcept {
    while (count != 0) {
        unsigned length = count < longest_nop<Mode> ? count : longest_nop<Mode>;
        uint32_t word = nop_word<Mode>(length);
        count -= length;
        do {
            *bytes++ = static_cast<uint8_t>(word);
            word >>= 8;
        } while (--length != 0);
    }
}

} // namespace INLAY_TARGET

} // namespace x86
} // namespace inlay
