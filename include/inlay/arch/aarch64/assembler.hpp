// SPDX-License-Identifier: BSL-1.0
//
// assembler: how AArch64 spells those parts of assembly statements that differ between architectures.
//
//     asm("... .long %c[name] - ." : : [name] INLAY_SYMBOL(&name));
//
// How it works. Each architecture has a header assembler.hpp with these macros and constants. emit/*.hpp writes the
// tables of all architectures with them, and emit/emit.hpp undefines the macros.
//
//     INLAY_SYMBOL(address)              an operand that prints as a symbol, or as a constant
//     INLAY_FUNCTION(function)           the same for a function
//     INLAY_JUMP(label)                  a jump of the length that a key's site has
//     INLAY_CALL(function)               a call
#pragma once

#include "inlay/requirements.hpp"

// The constraint for the address of a symbol, or a constant. GCC's "i" takes no symbol in position-independent
// code; Clang's does, and Clang 19 crashes on "Si" without optimisation.
#ifdef __clang__
#define INLAY_SYMBOL "i"
#else
#define INLAY_SYMBOL "Si"
#endif

// An operand that prints as the name of a function. Under control-flow integrity, Clang would otherwise print the
// address of a table's entry.
#if defined(__clang__)
#define INLAY_FUNCTION(function) INLAY_SYMBOL(__builtin_function_start(function))
#else
#define INLAY_FUNCTION(function) INLAY_SYMBOL(function)
#endif

#define INLAY_JUMP(label) "b " label "\n\t"
#define INLAY_CALL(function) "bl " function "\n\t"

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64::emit {

inline constexpr unsigned branch_site_length = 4;  ///< bytes of INLAY_JUMP
inline constexpr unsigned branch_site_operand = 0; ///< the offset of its relative operand

} // namespace aarch64::emit
} // namespace inlay
