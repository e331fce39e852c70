// SPDX-License-Identifier: BSL-1.0
//
// requirements: stops the compiler with one sentence where inlay cannot be compiled. Every header of inlay reaches this
// one before any other code.
//
// How it works. After an #error, GCC and Clang go on, and report hundreds of errors in code that they cannot parse. A
// missing header ends compilation at once, and the compiler quotes its name. So the name is the sentence.
#pragma once

#include "inlay/version.hpp"

#if defined(__clang__)
#if __clang_major__ < 14
#include "inlay: it needs Clang 14 or later, or GCC 12 or later"
#endif
#elif defined(__GNUC__)
#if __GNUC__ < 12
#include "inlay: it needs GCC 12 or later, or Clang 14 or later"
#endif
#else
#include "inlay: it needs GCC 12 or later, or Clang 14 or later: no other compiler has its assembly statements"
#endif

#if !defined(__x86_64__) && !defined(__i386__) && !defined(__aarch64__)
#include "inlay: it needs x86-64, i386 or AArch64: it does not support this architecture"
#elif defined(__x86_64__) && defined(__ILP32__)
#include "inlay: it needs 64-bit pointers on x86-64: it does not support the x32 ABI"
#elif defined(__aarch64__) && defined(__ILP32__)
#include "inlay: it needs 64-bit pointers on AArch64: it does not support the ILP32 ABI"
#elif defined(__AARCH64EB__)
#include "inlay: it needs little-endian AArch64: its tables and the words of code are little endian"
#elif !defined(__ELF__)
#include "inlay: it needs ELF object files: Linux, a BSD or a freestanding target such as x86_64-elf"
#endif

#if !defined(__cplusplus) || __cplusplus < 202002L
#include "inlay: it needs C++20: compile with -std=c++20"
#endif
