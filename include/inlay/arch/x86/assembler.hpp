// SPDX-License-Identifier: BSL-1.0
//
// assembler: how x86 spells those parts of assembly statements that differ between architectures.
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

// As in requirements.hpp, the name of the missing header is the message.
#if defined(__i386__) && (defined(__PIC__) || defined(__PIE__))
#include "inlay: in 32-bit mode, compile position-dependent code with -fno-pic -fno-pie, and link with -no-pie"
#endif
#if defined(__code_model_large__) && !defined(__clang__)
#include "inlay: it needs -mcmodel=medium or small: under -mcmodel=large, GCC gives no address to assembly statements"
#endif
#if defined(__clang__) // it warns that it does not harden functions with asm goto; some of them crash
#if __has_feature(speculative_load_hardening)
#include "inlay: compile without -mspeculative-load-hardening, which Clang cannot combine with asm goto"
#endif
#endif

#define INLAY_SYMBOL "i"

// An operand that prints as the name of a function. Under control-flow integrity, Clang would otherwise print the
// address of a table's entry.
#if defined(__clang__)
#define INLAY_FUNCTION(function) "s"(__builtin_function_start(function))
#else
#define INLAY_FUNCTION(function) INLAY_SYMBOL(function)
#endif

// Always of 5 bytes, and written as bytes: an assembler that is told to align branches
// (-mbranches-within-32B-boundaries) would put padding between label and jump.
#define INLAY_JUMP(label) ".byte 0xe9\n\t.long " label " - . - 4\n\t"
#define INLAY_CALL(function) ".byte 0xe8\n\t.long " function " - . - 4\n\t"

namespace [[gnu::visibility("hidden")]] inlay {
namespace x86::emit {

inline constexpr unsigned branch_site_length = 5;  ///< bytes of INLAY_JUMP
inline constexpr unsigned branch_site_operand = 1; ///< the offset of its relative operand

} // namespace x86::emit
} // namespace inlay
