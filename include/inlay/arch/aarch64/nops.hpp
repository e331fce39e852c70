// SPDX-License-Identifier: BSL-1.0
//
// nops: instructions that do nothing, to fill a given number of bytes.
//
//     uint8_t padding[12];
//     inlay::aarch64::fill_nops(padding, sizeof padding);      // three nops
//
// How it works. An instruction has four bytes, little endian for any byte order of data, and so has a nop. The count is
// a multiple of four, because every length of a code is.
#pragma once

#include "inlay/requirements.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64 {

/// Bytes of an instruction.
inline constexpr unsigned instruction_size = 4;

/// NOP.
inline constexpr uint32_t nop_word = 0xd503201f;

inline namespace INLAY_TARGET {

/// Fills `bytes[0]` to `bytes[count - 1]` with nops. `count` is a multiple of four.
constexpr void fill_nops(uint8_t* bytes, unsigned count) noexcept {
    for (unsigned i = 0; i < count; ++i) {
        bytes[i] = static_cast<uint8_t>(nop_word >> (i % instruction_size * 8));
    }
}

} // namespace INLAY_TARGET

} // namespace aarch64
} // namespace inlay
