// SPDX-License-Identifier: BSL-1.0
//
// length: where the next instruction begins.
//
//     for (size_t at = 0; at < size; at += length) {
//         length = inlay::aarch64::instruction_length(text + at, size - at);
//         if (length == 0) { ... }                                   // the end
//     }
//
// How it works. Every instruction has four bytes. Compilers also put literals between instructions, in multiples of
// four bytes: a walk that takes literals for instructions still arrives at the next instruction.
#pragma once

#include "inlay/arch/aarch64/nops.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64 {

inline namespace INLAY_TARGET {

/// The length in bytes of the instruction at `bytes`, of which `available` may be read. 0 if it does not end within
/// them.
[[nodiscard]] constexpr unsigned instruction_length(const uint8_t* /*bytes*/, size_t available) noexcept {
    return available >= instruction_size ? instruction_size : 0;
}

} // namespace INLAY_TARGET

} // namespace aarch64
} // namespace inlay
