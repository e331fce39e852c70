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
// The macros are those of GCC and Clang (x86 options: -march, -mavx2, ...).
#pragma once

#include "inlay/requirements.hpp"

// One line for each set of instructions that a compiler may use by itself, as its own macro says.
#ifdef __SSE__
#define INLAY_TARGET_SSE sse_
#else
#define INLAY_TARGET_SSE
#endif
#ifdef __SSE2__
#define INLAY_TARGET_SSE2 sse2_
#else
#define INLAY_TARGET_SSE2
#endif
#ifdef __SSE3__
#define INLAY_TARGET_SSE3 sse3_
#else
#define INLAY_TARGET_SSE3
#endif
#ifdef __SSSE3__
#define INLAY_TARGET_SSSE3 ssse3_
#else
#define INLAY_TARGET_SSSE3
#endif
#ifdef __SSE4_1__
#define INLAY_TARGET_SSE41 sse41_
#else
#define INLAY_TARGET_SSE41
#endif
#ifdef __SSE4_2__
#define INLAY_TARGET_SSE42 sse42_
#else
#define INLAY_TARGET_SSE42
#endif
#ifdef __SSE4A__
#define INLAY_TARGET_SSE4A sse4a_
#else
#define INLAY_TARGET_SSE4A
#endif
#ifdef __POPCNT__
#define INLAY_TARGET_POPCNT popcnt_
#else
#define INLAY_TARGET_POPCNT
#endif
#ifdef __LZCNT__
#define INLAY_TARGET_LZCNT lzcnt_
#else
#define INLAY_TARGET_LZCNT
#endif
#ifdef __BMI__
#define INLAY_TARGET_BMI bmi_
#else
#define INLAY_TARGET_BMI
#endif
#ifdef __BMI2__
#define INLAY_TARGET_BMI2 bmi2_
#else
#define INLAY_TARGET_BMI2
#endif
#ifdef __TBM__
#define INLAY_TARGET_TBM tbm_
#else
#define INLAY_TARGET_TBM
#endif
#ifdef __ADX__
#define INLAY_TARGET_ADX adx_
#else
#define INLAY_TARGET_ADX
#endif
#ifdef __MOVBE__
#define INLAY_TARGET_MOVBE movbe_
#else
#define INLAY_TARGET_MOVBE
#endif
#ifdef __FMA__
#define INLAY_TARGET_FMA fma_
#else
#define INLAY_TARGET_FMA
#endif
#ifdef __FMA4__
#define INLAY_TARGET_FMA4 fma4_
#else
#define INLAY_TARGET_FMA4
#endif
#ifdef __XOP__
#define INLAY_TARGET_XOP xop_
#else
#define INLAY_TARGET_XOP
#endif
#ifdef __F16C__
#define INLAY_TARGET_F16C f16c_
#else
#define INLAY_TARGET_F16C
#endif
#ifdef __AVX__
#define INLAY_TARGET_AVX avx_
#else
#define INLAY_TARGET_AVX
#endif
#ifdef __AVX2__
#define INLAY_TARGET_AVX2 avx2_
#else
#define INLAY_TARGET_AVX2
#endif
#ifdef __AVX512F__
#define INLAY_TARGET_AVX512F avx512f_
#else
#define INLAY_TARGET_AVX512F
#endif
#ifdef __AVX512VL__
#define INLAY_TARGET_AVX512VL avx512vl_
#else
#define INLAY_TARGET_AVX512VL
#endif
#ifdef __AVX512BW__
#define INLAY_TARGET_AVX512BW avx512bw_
#else
#define INLAY_TARGET_AVX512BW
#endif
#ifdef __AVX512DQ__
#define INLAY_TARGET_AVX512DQ avx512dq_
#else
#define INLAY_TARGET_AVX512DQ
#endif
#ifdef __AVX512CD__
#define INLAY_TARGET_AVX512CD avx512cd_
#else
#define INLAY_TARGET_AVX512CD
#endif
#ifdef __AVX512VBMI__
#define INLAY_TARGET_AVX512VBMI avx512vbmi_
#else
#define INLAY_TARGET_AVX512VBMI
#endif
#ifdef __AVX512VBMI2__
#define INLAY_TARGET_AVX512VBMI2 avx512vbmi2_
#else
#define INLAY_TARGET_AVX512VBMI2
#endif
#ifdef __AVX512BITALG__
#define INLAY_TARGET_AVX512BITALG avx512bitalg_
#else
#define INLAY_TARGET_AVX512BITALG
#endif
#ifdef __AVX512VPOPCNTDQ__
#define INLAY_TARGET_AVX512POPCNT avx512popcnt_
#else
#define INLAY_TARGET_AVX512POPCNT
#endif
#ifdef __AVX512FP16__
#define INLAY_TARGET_AVX512FP16 avx512fp16_
#else
#define INLAY_TARGET_AVX512FP16
#endif
#if defined(__AVX10_2__) || defined(__AVX10_2_512__)
#define INLAY_TARGET_AVX10_2 avx10_2_
#else
#define INLAY_TARGET_AVX10_2
#endif
#ifdef __AVXVNNI__
#define INLAY_TARGET_AVXVNNI avxvnni_
#else
#define INLAY_TARGET_AVXVNNI
#endif
#ifdef __CRC32__
#define INLAY_TARGET_CRC32 crc32_
#else
#define INLAY_TARGET_CRC32
#endif
#ifdef __PCLMUL__
#define INLAY_TARGET_PCLMUL pclmul_
#else
#define INLAY_TARGET_PCLMUL
#endif
#ifdef __GFNI__
#define INLAY_TARGET_GFNI gfni_
#else
#define INLAY_TARGET_GFNI
#endif
// Clang has a macro for each part of APX.
#if defined(__APX_F__) || defined(__EGPR__) || defined(__PUSH2POP2__) || defined(__PPX__) || defined(__NDD__) ||       \
    defined(__CCMP__) || defined(__NF__) || defined(__CF__) || defined(__ZU__)
#define INLAY_TARGET_APX apx_
#else
#define INLAY_TARGET_APX
#endif
#ifdef __i586__
#define INLAY_TARGET_I586 i586_
#else
#define INLAY_TARGET_I586
#endif
#ifdef __i686__
#define INLAY_TARGET_I686 i686_
#else
#define INLAY_TARGET_I686
#endif
#ifdef __LAHF_SAHF__
#define INLAY_TARGET_SAHF sahf_
#else
#define INLAY_TARGET_SAHF
#endif
#ifdef __CET__
#define INLAY_TARGET_CET cet_
#else
#define INLAY_TARGET_CET
#endif
#ifdef _SOFT_FLOAT
#define INLAY_TARGET_SOFT soft_
#else
#define INLAY_TARGET_SOFT
#endif

#define INLAY_TARGET_JOIN(a, b, c, d, e, f, g, h) INLAY_TARGET_JOIN_(a, b, c, d, e, f, g, h)
#define INLAY_TARGET_JOIN_(a, b, c, d, e, f, g, h) a##b##c##d##e##f##g##h
#define INLAY_TARGET_PART_1()                                                                                          \
    INLAY_TARGET_JOIN(INLAY_TARGET_SSE, INLAY_TARGET_SSE2, INLAY_TARGET_SSE3, INLAY_TARGET_SSSE3, INLAY_TARGET_SSE41,  \
                      INLAY_TARGET_SSE42, INLAY_TARGET_SSE4A, INLAY_TARGET_POPCNT)
#define INLAY_TARGET_PART_2()                                                                                          \
    INLAY_TARGET_JOIN(INLAY_TARGET_LZCNT, INLAY_TARGET_BMI, INLAY_TARGET_BMI2, INLAY_TARGET_TBM, INLAY_TARGET_ADX,     \
                      INLAY_TARGET_MOVBE, INLAY_TARGET_FMA, INLAY_TARGET_FMA4)
#define INLAY_TARGET_PART_3()                                                                                          \
    INLAY_TARGET_JOIN(INLAY_TARGET_XOP, INLAY_TARGET_F16C, INLAY_TARGET_AVX, INLAY_TARGET_AVX2, INLAY_TARGET_AVX512F,  \
                      INLAY_TARGET_AVX512VL, INLAY_TARGET_AVX512BW, INLAY_TARGET_AVX512DQ)
#define INLAY_TARGET_PART_4()                                                                                          \
    INLAY_TARGET_JOIN(INLAY_TARGET_AVX512CD, INLAY_TARGET_AVX512VBMI, INLAY_TARGET_AVX512VBMI2,                        \
                      INLAY_TARGET_AVX512BITALG, INLAY_TARGET_AVX512POPCNT, INLAY_TARGET_AVXVNNI, INLAY_TARGET_GFNI,   \
                      INLAY_TARGET_APX)
#define INLAY_TARGET_PART_5()                                                                                          \
    INLAY_TARGET_JOIN(INLAY_TARGET_I586, INLAY_TARGET_I686, INLAY_TARGET_SAHF, INLAY_TARGET_CET, INLAY_TARGET_SOFT,    \
                      INLAY_TARGET_CRC32, INLAY_TARGET_PCLMUL, INLAY_TARGET_AVX512FP16)
#define INLAY_TARGET_OF_ARCHITECTURE                                                                                   \
    INLAY_TARGET_JOIN(for_, INLAY_TARGET_PART_1(), INLAY_TARGET_PART_2(), INLAY_TARGET_PART_3(),                       \
                      INLAY_TARGET_PART_4(), INLAY_TARGET_PART_5(), INLAY_TARGET_AVX10_2, )

// Functions between these two use only instructions that every processor of the architecture has, with any options of
// the unit. They run when a program is loaded, before any code can ask the processor. (Kernels have no such functions,
// and may forbid instructions that every processor has.)
#if !__STDC_HOSTED__ ||                                                                                                \
    (defined(__x86_64__) ? !defined(__SSE2__) : !defined(__i686__) && !defined(__SSE__) && !defined(__BMI__))
#define INLAY_BASELINE
#define INLAY_BASELINE_END
#elif defined(__clang__)
// clang-format off
#if defined(__x86_64__) && __clang_major__ >= 19
#define INLAY_BASELINE _Pragma("clang attribute push(__attribute__((target(\"arch=x86-64,no-sse3,no-popcnt,no-avx,no-bmi,no-bmi2,no-lzcnt,no-movbe,no-egpr,no-push2pop2,no-ppx,no-ndd,no-ccmp,no-nf,no-cf,no-zu\"))), apply_to = function)")
#elif defined(__x86_64__) && __clang_major__ >= 18
#define INLAY_BASELINE _Pragma("clang attribute push(__attribute__((target(\"arch=x86-64,no-sse3,no-popcnt,no-avx,no-bmi,no-bmi2,no-lzcnt,no-movbe,no-egpr,no-push2pop2,no-ppx,no-ndd\"))), apply_to = function)")
#elif defined(__x86_64__)
#define INLAY_BASELINE _Pragma("clang attribute push(__attribute__((target(\"arch=x86-64,no-sse3,no-popcnt,no-avx,no-bmi,no-bmi2,no-lzcnt,no-movbe\"))), apply_to = function)")
#else
#define INLAY_BASELINE _Pragma("clang attribute push(__attribute__((target(\"arch=i686,no-sse,no-popcnt,no-bmi,no-bmi2,no-lzcnt,no-movbe\"))), apply_to = function)")
#endif
// clang-format on
#define INLAY_BASELINE_END _Pragma("clang attribute pop")
#else
#if defined(__APX_F__)
#define INLAY_BASELINE _Pragma("GCC push_options") _Pragma("GCC target(\"arch=x86-64,no-apxf\")")
#elif defined(__x86_64__)
#define INLAY_BASELINE _Pragma("GCC push_options") _Pragma("GCC target(\"arch=x86-64\")")
#else
#define INLAY_BASELINE _Pragma("GCC push_options") _Pragma("GCC target(\"arch=i686,fpmath=387\")")
#endif
#define INLAY_BASELINE_END _Pragma("GCC pop_options")
#endif

// The attribute of a function that takes arguments where an alternative's operands are. On i386 the first three are
// then in eax, edx and ecx, as in all of Linux; elsewhere the ordinary convention does the same.
#ifdef __i386__
#define INLAY_CONVENTION __attribute__((regparm(3)))
#else
#define INLAY_CONVENTION
#endif
