// SPDX-License-Identifier: BSL-1.0
//
// The target of this unit's code, as the macro INLAY_TARGET.
#pragma once

#if defined(__x86_64__) || defined(__i386__)
#include "inlay/arch/x86/target.hpp"
#elif defined(__aarch64__)
#include "inlay/arch/aarch64/target.hpp"
#else
#error "inlay: this architecture is not supported: x86-64, i386 and AArch64 are"
#endif
