// SPDX-License-Identifier: BSL-1.0
//
// A caller of a dispatch passes the default function's arguments; another signature would find garbage.
#include <inlay/inlay.hpp>

long by_table(const char* text, long size);
long by_instruction(const char* text, int size);

inline constexpr inlay::dispatch<"crc", &by_table, inlay::when<inlay::cpu.sse4_2, &by_instruction>> crc; // wrong

long use(const char* text) { return crc(text, 4); }
