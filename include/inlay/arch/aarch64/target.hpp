// SPDX-License-Identifier: BSL-1.0
//
// target: a name for the instructions that a unit may use, as the macro INLAY_TARGET_OF_ARCHITECTURE. The names of
// inlay's functions contain it.
//
//     namespace [[gnu::visibility("hidden")]] inlay {
//     inline namespace INLAY_TARGET {
//     inline outcome apply() noexcept { ... }
//
// How it works. A program compiles some units for newer processors, and calls their functions only on those processors
// (a dispatch does this). Every unit that uses a header's function has a copy of it, and the linker keeps one copy. If
// it kept a copy with AVX2, the program would crash on a processor without AVX2. So functions of units for different
// processors have different names. Types and data have one name everywhere: a key is one thing.
//
// The macros are those of the Arm C Language Extensions.
#pragma once

#include "inlay/requirements.hpp"

// One line for each set of instructions that a compiler may use by itself, as its own macro says.
#ifdef __ARM_FEATURE_ATOMICS
#define INLAY_TARGET_LSE lse_
#else
#define INLAY_TARGET_LSE
#endif
#ifdef __ARM_FEATURE_LSE128
#define INLAY_TARGET_LSE128 lse128_
#else
#define INLAY_TARGET_LSE128
#endif
#ifdef __ARM_FEATURE_RCPC
#define INLAY_TARGET_RCPC rcpc_
#else
#define INLAY_TARGET_RCPC
#endif
#ifdef __ARM_FEATURE_SVE
#define INLAY_TARGET_SVE sve_
#else
#define INLAY_TARGET_SVE
#endif
#ifdef __ARM_FEATURE_SVE2p1
#define INLAY_TARGET_SVE2 sve2p1_
#elif defined(__ARM_FEATURE_SVE2)
#define INLAY_TARGET_SVE2 sve2_
#else
#define INLAY_TARGET_SVE2
#endif
#ifdef __ARM_FEATURE_SVE_BITS // a unit for vectors of one length (-msve-vector-bits)
#define INLAY_TARGET_SVE_BITS __ARM_FEATURE_SVE_BITS
#else
#define INLAY_TARGET_SVE_BITS
#endif
#ifdef __ARM_FEATURE_DOTPROD
#define INLAY_TARGET_DOTPROD dotprod_
#else
#define INLAY_TARGET_DOTPROD
#endif
#ifdef __ARM_FEATURE_MATMUL_INT8
#define INLAY_TARGET_I8MM i8mm_
#else
#define INLAY_TARGET_I8MM
#endif
#ifdef __ARM_FEATURE_FP16_VECTOR_ARITHMETIC
#define INLAY_TARGET_FP16 fp16_
#else
#define INLAY_TARGET_FP16
#endif
#ifdef __ARM_FEATURE_MOPS
#define INLAY_TARGET_MOPS mops_
#else
#define INLAY_TARGET_MOPS
#endif
#ifdef __ARM_FEATURE_CSSC
#define INLAY_TARGET_CSSC cssc_
#else
#define INLAY_TARGET_CSSC
#endif
#ifdef __ARM_FEATURE_PAUTH
#define INLAY_TARGET_PAUTH pauth_
#else
#define INLAY_TARGET_PAUTH
#endif
#ifdef __ARM_FEATURE_CRC32
#define INLAY_TARGET_CRC32 crc32_
#else
#define INLAY_TARGET_CRC32
#endif
#ifdef __ARM_FEATURE_CRYPTO
#define INLAY_TARGET_CRYPTO crypto_
#else
#define INLAY_TARGET_CRYPTO
#endif
#ifdef __ARM_FEATURE_SHA3
#define INLAY_TARGET_SHA3 sha3_
#else
#define INLAY_TARGET_SHA3
#endif
#ifdef __ARM_FEATURE_BTI_DEFAULT
#define INLAY_TARGET_BTI bti_
#else
#define INLAY_TARGET_BTI
#endif
#ifdef __ARM_NEON
#define INLAY_TARGET_NEON neon_
#else
#define INLAY_TARGET_NEON
#endif

#define INLAY_TARGET_JOIN(a, b, c, d, e, f, g, h) INLAY_TARGET_JOIN_(a, b, c, d, e, f, g, h)
#define INLAY_TARGET_JOIN_(a, b, c, d, e, f, g, h) a##b##c##d##e##f##g##h
#define INLAY_TARGET_PART_1()                                                                                          \
    INLAY_TARGET_JOIN(INLAY_TARGET_LSE, INLAY_TARGET_LSE128, INLAY_TARGET_RCPC, INLAY_TARGET_SVE, INLAY_TARGET_SVE2,   \
                      INLAY_TARGET_DOTPROD, INLAY_TARGET_I8MM, INLAY_TARGET_FP16)
#define INLAY_TARGET_PART_2()                                                                                          \
    INLAY_TARGET_JOIN(INLAY_TARGET_MOPS, INLAY_TARGET_CSSC, INLAY_TARGET_PAUTH, INLAY_TARGET_CRC32,                    \
                      INLAY_TARGET_CRYPTO, INLAY_TARGET_SHA3, INLAY_TARGET_BTI, INLAY_TARGET_NEON)
#define INLAY_TARGET_OF_ARCHITECTURE                                                                                   \
    INLAY_TARGET_JOIN(for_, INLAY_TARGET_PART_1(), INLAY_TARGET_PART_2(), INLAY_TARGET_SVE_BITS, , , , )

// As on x86. Clang takes sets of instructions away one by one, and had LLVM's names for them before version 16.
#if !__STDC_HOSTED__ || !defined(__ARM_NEON)
#define INLAY_BASELINE
#define INLAY_BASELINE_END
#elif defined(__clang__)
// clang-format off
#if __clang_major__ >= 16
#define INLAY_BASELINE _Pragma("clang attribute push(__attribute__((target(\"+nolse+norcpc+nosve+nodotprod+noi8mm+nofp16+nomops+nocssc+nopauth+nocrc+nosha3\"))), apply_to = function)")
#else
#define INLAY_BASELINE _Pragma("clang attribute push(__attribute__((target(\"no-lse,no-rcpc,no-sve,no-sve2,no-dotprod,no-i8mm,no-fullfp16,no-pauth,no-crc,no-sha3\"))), apply_to = function)")
#endif
// clang-format on
#define INLAY_BASELINE_END _Pragma("clang attribute pop")
#else
// If __ARM_ARCH is 9, this changes it for a while. GCC warns of that before version 14, unless a system's header does it.
#if __GNUC__ < 14 && __ARM_ARCH >= 9
#pragma GCC system_header
#endif
#define INLAY_BASELINE _Pragma("GCC push_options") _Pragma("GCC target(\"arch=armv8-a\")")
#define INLAY_BASELINE_END _Pragma("GCC pop_options")
#endif

// The attribute of a function that takes arguments where an alternative's operands are: the ordinary convention does
// so.
#define INLAY_CONVENTION
