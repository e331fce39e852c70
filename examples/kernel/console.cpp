// SPDX-License-Identifier: BSL-1.0
//
// console: characters to the first serial port (a 16550), and numbers as text. See console.hpp.
#include "console.hpp"

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

void serial_write(const char* text, std::size_t length) noexcept {
    for (std::size_t i = 0; i < length; ++i) {
        while ((in8(line_status) & transmitter_empty) == 0) {
            pause();
        }
        out8(port, static_cast<u8>(text[i]));
    }
}

void put(const char* text) noexcept {
    std::size_t length = 0;
    while (text[length] != '\0') {
        ++length;
    }
    console_write(text, length);
}

void put(hex number) noexcept {
    char text[16];
    unsigned at = sizeof(text);
    do {
        text[--at] = "0123456789abcdef"[number.value & 15U];
        number.value >>= 4;
    } while (number.value != 0 || sizeof(text) - at < number.digits);
    console_write(text + at, sizeof(text) - at);
}

void put(u64 number) noexcept {
    char text[20];
    unsigned at = sizeof(text);
    do {
        text[--at] = static_cast<char>('0' + number % 10);
        number /= 10;
    } while (number != 0);
    console_write(text + at, sizeof(text) - at);
}

} // namespace kernel
