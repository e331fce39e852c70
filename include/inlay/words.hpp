// SPDX-License-Identifier: BSL-1.0
//
// words: the integer types of <cstdint> and <cstddef>, by the same names, without those headers.
//
//     uint8_t bytes[15];                          size_t count;
//
// How it works. A kernel may have no C++ library, or its own `namespace std`. The compiler's macros name the types that
// its library would, so a program's uint8_t is this uint8_t.
#pragma once

#include "inlay/requirements.hpp"

#if __STDC_HOSTED__ && __has_include(<cstdint>)
#include <cstddef>
#include <cstdint>
#endif

namespace inlay {

using int8_t = __INT8_TYPE__;
using int16_t = __INT16_TYPE__;
using int32_t = __INT32_TYPE__;
using int64_t = __INT64_TYPE__;
using uint8_t = __UINT8_TYPE__;
using uint16_t = __UINT16_TYPE__;
using uint32_t = __UINT32_TYPE__;
using uint64_t = __UINT64_TYPE__;
using intptr_t = __INTPTR_TYPE__;
using uintptr_t = __UINTPTR_TYPE__;
using size_t = __SIZE_TYPE__;

} // namespace inlay
