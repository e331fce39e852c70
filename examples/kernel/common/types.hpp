// SPDX-License-Identifier: BSL-1.0
//
// types: the integers of both kernels, by their width.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kernel {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

} // namespace kernel
