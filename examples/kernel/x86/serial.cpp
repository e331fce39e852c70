// SPDX-License-Identifier: BSL-1.0
//
// serial: characters to the first serial port (a 16550). See serial.hpp.
#include "serial.hpp"

#include "print.hpp"

namespace kernel {

namespace {

constexpr u16 port = 0x3f8;
constexpr u16 line_status = port + 5;
constexpr u8 transmitter_empty = 0x20;

} // namespace

void serial_begin() noexcept {
    out8(port + 1, 0);    // no interrupts
    out8(port + 3, 0x80); // divisor: 1
    out8(port, 1);
    out8(port + 1, 0);
    out8(port + 3, 3); // 8 bits, no parity, one stop bit
    out8(port + 2, 1); // FIFO
}

void serial_write(const char* text, size_t length) noexcept {
    for (size_t i = 0; i < length; ++i) {
        while ((in8(line_status) & transmitter_empty) == 0) {
            pause();
        }
        out8(port, static_cast<u8>(text[i]));
    }
}

} // namespace kernel
