// SPDX-License-Identifier: BSL-1.0
//
// types: the integers of both kernels, by their width. The kernels have no C++ library to include.
#pragma once

namespace kernel {

using u8 = __UINT8_TYPE__;
using u16 = __UINT16_TYPE__;
using u32 = __UINT32_TYPE__;
using u64 = __UINT64_TYPE__;
using size_t = __SIZE_TYPE__;

} // namespace kernel
