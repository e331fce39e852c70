// SPDX-License-Identifier: BSL-1.0
//
// serial: a PL011 (Arm DDI 0183), where print() writes.
#pragma once

#include "types.hpp"

namespace kernel {

/// Where its registers are; until then nothing is written.
void serial_begin(u64 base) noexcept;

} // namespace kernel
