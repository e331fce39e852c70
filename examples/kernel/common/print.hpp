// SPDX-License-Identifier: BSL-1.0
//
// print: text out.
//
//     print("vector ", vector, " at ", hex{rip, 16}, "\n");
//
// What. `print` takes texts, numbers and `hex{value, digits}`.
// Why. A kernel must be able to report an error before it can do anything else.
// How. The way out is a static call: at first the serial port, which each architecture has its own of. Under Xen it
// gets another target before the first character, when no text is patched yet. apply() then makes direct calls of it.
#pragma once

#include "types.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

/// Writes characters to the serial port: of the architecture (x86/serial.cpp, aarch64/serial.cpp).
void serial_write(const char* text, size_t length) noexcept;
inline constexpr inlay::static_call<"console_write", &serial_write> console_write;

/// A number in hexadecimal with at least `digits` digits.
struct hex {
    u64 value;
    unsigned digits{1};
};

void put(const char* text) noexcept;
void put(hex number) noexcept;
void put(u64 number) noexcept;
inline void put(char character) noexcept { console_write(&character, 1); }
inline void put(u32 number) noexcept { put(u64{number}); }
inline void put(int number) noexcept {
    put(number < 0 ? "-" : "");
    put(number < 0 ? u64{0} - static_cast<u64>(number) : static_cast<u64>(number));
}
inline void put(bool value) noexcept { put(value ? "yes" : "no"); }

template <class... Parts>
void print(Parts... parts) noexcept {
    (put(parts), ...);
}

} // namespace kernel
