// SPDX-License-Identifier: BSL-1.0
//
// serial: the first serial port, where print() writes natively.
#pragma once

#include "cpu.hpp"

namespace kernel {

/// Sets the port up: 115200 baud, 8 bits, no parity.
void serial_begin() noexcept;

} // namespace kernel
