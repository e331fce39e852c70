// SPDX-License-Identifier: BSL-1.0
//
// console: text out, by a serial port or by Xen.
//
//     print("vector ", vector, " at ", hex{rip, 16}, "\n");
//
// What. `print` takes texts, numbers and `hex{value, digits}`.
// Why. Before anything else a kernel must be able to say what went wrong.
// How. The way out is a static call: at first the serial port; xen_main() gives it another target before the first
// character, when no text is patched yet. apply() then makes direct calls of it.
#pragma once

#include "cpu.hpp"

#include <inlay/static_call.hpp>

namespace kernel {

void serial_write(const char* text, std::size_t length) noexcept;
inline constexpr inlay::static_call<"console_write", &serial_write> console_write;

/// Sets the port up: 115200 baud, 8 bits, no parity.
void serial_begin() noexcept;

/// A number in hexadecimal with at least `digits` digits.
struct hex {
    u64 value;
    unsigned digits{1};
};

void put(const char* text) noexcept;
void put(hex number) noexcept;
void put(u64 number) noexcept;
inline void put(u32 number) noexcept { put(u64{number}); }
inline void put(int number) noexcept { put(static_cast<u64>(number)); }
inline void put(bool value) noexcept { put(value ? "yes" : "no"); }

template <class... Parts>
void print(Parts... parts) noexcept {
    (put(parts), ...);
}

} // namespace kernel
