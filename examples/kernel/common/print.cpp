// SPDX-License-Identifier: BSL-1.0
//
// print: numbers as text. See print.hpp.
#include "print.hpp"

namespace kernel {

void put(const char* text) noexcept {
    size_t length = 0;
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
