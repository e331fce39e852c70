// SPDX-License-Identifier: BSL-1.0
//
// serial: characters to the PL011. See serial.hpp.
#include "serial.hpp"

#include "cpu.hpp"
#include "print.hpp"

namespace kernel {

namespace {

constexpr u64 data = 0x000;
constexpr u64 flags = 0x018;
constexpr u64 control = 0x030;
constexpr u32 transmitter_full = 1U << 5;
constexpr u32 enabled = 1U << 0 | 1U << 8; // the port, its transmitter

constinit u64 registers = 0;

} // namespace

void serial_begin(u64 base) noexcept {
    registers = base;
    if (base != 0 && (read32(base, control) & enabled) != enabled) { // else firmware has set it up, and knows the clock
        write32(base, control, enabled);
    }
}

void serial_write(const char* text, size_t length) noexcept {
    for (size_t i = 0; registers != 0 && i < length; ++i) {
        while ((read32(registers, flags) & transmitter_full) != 0) {
            pause();
        }
        write32(registers, data, static_cast<u8>(text[i]));
    }
}

} // namespace kernel
