// SPDX-License-Identifier: BSL-1.0
//
// A program may set the features that it declared as by_hand. It may only override the answers of CPUID.
#include <inlay/inlay.hpp>

void use() { inlay::set(inlay::cpu.avx2, true); } // wrong
