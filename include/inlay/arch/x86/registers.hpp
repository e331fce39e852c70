// SPDX-License-Identifier: BSL-1.0
//
// The general-purpose registers of x86 as typed values, numbered as the instruction encodings do
// (Intel SDM volume 2, table 3-1). A width is a type, so that `mov(rax, ecx)` does not compile.
//
// Both modes have all names. In 32-bit mode, no instruction takes a register that needs a REX prefix. Such registers
// are those of 64 bits, r8 to r15 in any width, and spl, bpl, sil and dil.
#pragma once

#include "inlay/requirements.hpp"

#include "inlay/traits.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace x86 {

/// Whether the program runs in 64-bit mode; else it is in 32-bit protected mode, or compatibility mode.
inline constexpr bool is_64_bit = sizeof(void*) == 8;
inline constexpr unsigned mode_of_unit = is_64_bit ? 64 : 32;

struct reg64 {
    uint8_t number;
    friend constexpr bool operator==(reg64, reg64) = default;
};
struct reg32 {
    uint8_t number;
    friend constexpr bool operator==(reg32, reg32) = default;
};
struct reg16 {
    uint8_t number;
    friend constexpr bool operator==(reg16, reg16) = default;
};
/// Numbers 4 to 7 are spl, bpl, sil and dil (they need a REX prefix); ah to bh cannot be named.
struct reg8 {
    uint8_t number;
    friend constexpr bool operator==(reg8, reg8) = default;
};
/// A register that holds an address; push and pop move registers of this size.
using address_register = inlay::detail::either<is_64_bit, reg64, reg32>;
/// A control register, cr0 to cr15.
struct control_register {
    uint8_t number;
    friend constexpr bool operator==(control_register, control_register) = default;
};

/// A debug register, dr0 to dr7.
struct debug_register {
    uint8_t number;
    friend constexpr bool operator==(debug_register, debug_register) = default;
};

/// edx:eax as one 64-bit value, as rdtsc and rdmsr return it. Only for `returns<edx_eax, T>()`.
struct register_pair {
    friend constexpr bool operator==(register_pair, register_pair) = default;
};

inline constexpr reg64 rax{0}, rcx{1}, rdx{2}, rbx{3}, rsp{4}, rbp{5}, rsi{6}, rdi{7};
inline constexpr reg64 r8{8}, r9{9}, r10{10}, r11{11}, r12{12}, r13{13}, r14{14}, r15{15};
inline constexpr reg32 eax{0}, ecx{1}, edx{2}, ebx{3}, esp{4}, ebp{5}, esi{6}, edi{7};
inline constexpr reg32 r8d{8}, r9d{9}, r10d{10}, r11d{11}, r12d{12}, r13d{13}, r14d{14}, r15d{15};
inline constexpr reg16 ax{0}, cx{1}, dx{2}, bx{3}, sp{4}, bp{5}, si{6}, di{7};
inline constexpr reg16 r8w{8}, r9w{9}, r10w{10}, r11w{11}, r12w{12}, r13w{13}, r14w{14}, r15w{15};
inline constexpr reg8 al{0}, cl{1}, dl{2}, bl{3}, spl{4}, bpl{5}, sil{6}, dil{7};
inline constexpr reg8 r8b{8}, r9b{9}, r10b{10}, r11b{11}, r12b{12}, r13b{13}, r14b{14}, r15b{15};
inline constexpr control_register cr0{0}, cr2{2}, cr3{3}, cr4{4}, cr8{8};
inline constexpr debug_register dr0{0}, dr1{1}, dr2{2}, dr3{3}, dr6{6}, dr7{7};
inline constexpr register_pair edx_eax{};

} // namespace x86
} // namespace inlay
