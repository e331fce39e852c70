// SPDX-License-Identifier: BSL-1.0
//
// naked: macros for functions that consist of assembly: attributes, unwind information, returns and jumps.
//
//     INLAY_NAKED static void entry() { asm(".byte 0x90\n\t" INLAY_RETURN); }
//
// How it works. Compilers and kernels differ in each of these, so thunk.hpp and hook.hpp have none of their cases.
// emit.hpp undefines the macros.
#pragma once

#include "inlay/requirements.hpp"

// A function that consists of assembly. No compiler may add an instruction, because it would change the registers that
// the function keeps.
#if defined(__clang__)
#define INLAY_NAKED                                                                                                    \
    __attribute__((naked, no_stack_protector, no_instrument_function, no_profile_instrument_function,                  \
                   no_sanitize("coverage", "undefined"), disable_sanitizer_instrumentation, xray_never_instrument,     \
                   visibility("hidden")))
#else
#define INLAY_NAKED                                                                                                    \
    __attribute__((naked, no_stack_protector, no_instrument_function, no_profile_instrument_function,                  \
                   no_sanitize_coverage, no_sanitize("undefined"), visibility("hidden")))
#endif

// The clobber of naked assembly with unwind information. Clang takes assembly for code that never throws; with
// exceptions, but without tables for all functions (-fno-asynchronous-unwind-tables, or -ffreestanding), it would open no
// frame for it.
#if defined(__clang__)
#define INLAY_UNWINDS "unwind"
#else
#define INLAY_UNWINDS
#endif

// Unwind information, where the compiler writes some. The compiler opens the frame of a naked function, but does not
// know which instructions move the stack. INLAY_FRAME_BEGIN and INLAY_FRAME_END(name) stand around code in a section
// of its own. Clang before 17 refuses .cfi_startproc inside another frame: there the entry is written out, for code
// that leaves the stack alone.
#ifdef __GCC_HAVE_DWARF2_CFI_ASM
#define INLAY_CFI(directive) "." directive "\n\t"
#if defined(__clang__) && __clang_major__ < 17
#define INLAY_FRAME_BEGIN
#if !__STDC_HOSTED__
#define INLAY_FRAME_END(name)
#elif defined(__x86_64__)
#define INLAY_FRAME_END(name)                                                                                          \
    ".pushsection .eh_frame,\"a\",@unwind\n"                                                                           \
    ".Linlay_cie." name ":\n\t"                                                                                        \
    ".long 20, 0\n\t"                                                                                                  \
    ".byte 1,0x7a,0x52,0,1,0x78,16,1,0x1b,0x0c,7,8,0x90,1,0,0\n"                                                       \
    ".Linlay_fde." name ":\n\t"                                                                                        \
    ".long 20, . - .Linlay_cie." name ", " name " - ., .Linlay_end." name " - " name "\n\t"                            \
    ".byte 0,0,0,0,0,0,0,0\n\t"                                                                                        \
    ".popsection\n\t"
#else
#define INLAY_FRAME_END(name)                                                                                          \
    ".pushsection .eh_frame,\"a\",@progbits\n"                                                                         \
    ".Linlay_cie." name ":\n\t"                                                                                        \
    ".long 20, 0\n\t"                                                                                                  \
    ".byte 1,0x7a,0x52,0,1,0x7c,8,1,0x1b,0x0c,4,4,0x88,1,0,0\n"                                                        \
    ".Linlay_fde." name ":\n\t"                                                                                        \
    ".long 20, . - .Linlay_cie." name ", " name " - ., .Linlay_end." name " - " name "\n\t"                            \
    ".byte 0,0,0,0,0,0,0,0\n\t"                                                                                        \
    ".popsection\n\t"
#endif
#else
#define INLAY_FRAME_BEGIN ".cfi_startproc\n\t"
#define INLAY_FRAME_END(name) ".cfi_endproc\n\t"
#endif
#else
#define INLAY_CFI(directive)
#define INLAY_FRAME_BEGIN
#define INLAY_FRAME_END(name)
#endif

// The type of a function in assembly, where -fsanitize=kcfi looks for it: in the four bytes before the function.
// Without optimisation, Clang calls trampolines by their address, and checks the type. (It defines __kcfi_typeid_...
// for each function that is declared and has its address taken.) The bytes are those of `mov eax, type`, as before any
// function.
#define INLAY_TYPE(name)
#if defined(__clang__)
#if __has_feature(kcfi)
#undef INLAY_TYPE
#define INLAY_TYPE(name) ".byte 0xcc,0xcc,0xcc,0xb8\n\t.long __kcfi_typeid_" name "\n"
#endif
#endif

// Kernels that are built with -mindirect-branch=thunk-extern and -mfunction-return=thunk-extern name their thunks, as
// in -DINLAY_INDIRECT_THUNK_R11=__x86_indirect_thunk_r11 -DINLAY_RETURN_THUNK=__x86_return_thunk: a jump to the address
// in r11, and a return. (32-bit mode has no register to spare: there, an indirect jump is a push and a return.)
#define INLAY_TEXT_OF(name) INLAY_TEXT_OF_(name)
#define INLAY_TEXT_OF_(name) #name
#ifdef INLAY_RETURN_THUNK
#define INLAY_RETURN ".byte 0xe9\n\t.long " INLAY_TEXT_OF(INLAY_RETURN_THUNK) " - . - 4\n\t"
#else
#define INLAY_RETURN ".byte 0xc3\n\t"
#endif

#if defined(__x86_64__) && defined(INLAY_INDIRECT_THUNK_R11)
#define INLAY_JUMP_THROUGH(pointer)                                                                                    \
    ".byte 0x4c,0x8b,0x1d\n\t.long " pointer " - . - 4\n\t"                                                            \
    ".byte 0xe9\n\t.long " INLAY_TEXT_OF(INLAY_INDIRECT_THUNK_R11) " - . - 4\n\t"
#elif defined(__x86_64__)
#define INLAY_JUMP_THROUGH(pointer) ".byte 0xff,0x25\n\t.long " pointer " - . - 4\n\t" // jmp *pointer(%rip)
#elif defined(INLAY_RETURN_THUNK)
#define INLAY_JUMP_THROUGH(pointer) ".byte 0xff,0x35\n\t.long " pointer "\n\t" INLAY_RETURN // push pointer
#else
#define INLAY_JUMP_THROUGH(pointer) ".byte 0xff,0x25\n\t.long " pointer "\n\t" // jmp *pointer
#endif
