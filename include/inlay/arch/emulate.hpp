// SPDX-License-Identifier: BSL-1.0
//
// emulate: the instructions of sites, carried out for a processor that met a breakpoint there: inlay::arch::emulate.
//
// Where the architecture exchanges such instructions under running processors (AArch64), no code emulates any.
#pragma once

#include "inlay/arch/arch.hpp"

#if defined(__x86_64__) || defined(__i386__)
#include "inlay/arch/x86/emulate.hpp"
#endif
