// SPDX-License-Identifier: BSL-1.0
//
// no_mnemonics: instructions and registers in messages, for an architecture without a list of their names.
//
// How it works. An instruction is shown as its first four bytes, a register as its number.
#pragma once

#include "inlay/code.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace shown {
enum class general_register : uint8_t {};
enum class instruction_word : uint32_t {};
constexpr instruction_word instruction_at(const machine_code& code, unsigned at) noexcept {
    uint32_t word = 0;
    for (unsigned i = 4; i-- > 0;) {
        word = word << 8 | code.byte(at + i);
    }
    return instruction_word{word};
}
} // namespace shown
} // namespace inlay
