// SPDX-License-Identifier: BSL-1.0
//
// A program may set the features that it declared by hand. What CPUID answers, it may only override.
#include <inlay/inlay.hpp>

void use() { inlay::set(inlay::cpu.avx2, true); } // wrong
