// SPDX-License-Identifier: BSL-1.0
//
// mnemonics: the names of AArch64 instructions and registers for a compiler's messages.
//
//     instruction_at(mrs(x0, midr_el1) + isb(), 4) == instruction::isb
//
// How it works. As arch/x86/mnemonics.hpp: instructions are enumerators, called as the functions of insn.hpp are. Each
// is a word, so a list of masks and values is enough; the first row that fits names it. Other words are `word`.
#pragma once

#include "inlay/code.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace shown {

/// The general registers, numbered as in encodings; x31 stands for sp or xzr.
enum class general_register : uint8_t {
    x0,
    x1,
    x2,
    x3,
    x4,
    x5,
    x6,
    x7,
    x8,
    x9,
    x10,
    x11,
    x12,
    x13,
    x14,
    x15,
    x16,
    x17,
    x18,
    x19,
    x20,
    x21,
    x22,
    x23,
    x24,
    x25,
    x26,
    x27,
    x28,
    x29,
    x30,
    x31
};

/// The functions of insn.hpp that make one instruction.
// clang-format off
enum class instruction : uint8_t {
    word,
    nop, yield, wfe, wfi, sev, sevl, csdb, bti, brk, svc, hvc, smc, eret, ret, call, jmp, b_cond, cbz, cbnz, dmb, dsb, isb, sb,
    mrs, msr, ic_ivau, ic_iallu, ic_ialluis, dc, str, strb, strh, ldr, ldrb, ldrh, push, pop, ldar, stlr, ldaddal, swpal,
    casal, mov, movz, movn, movk, add, adds, sub, subs, cmp, neg, and_, bic, orr, mvn, eor, tst, lsl, lsr, asr, madd, msub, mul,
    umulh, udiv, sdiv, crc32b, crc32h, crc32w, crc32x, crc32cb, crc32ch, crc32cw, crc32cx, clz, cls, rbit, rev, rev16, adr
};
// clang-format on

namespace mnemonics {

/// A word under `mask` that equals `value` means this instruction.
struct row {
    uint32_t mask;
    uint32_t value;
    instruction what;
};

using enum instruction;
// Arm ARM C4.1. An alias stands before its instruction.
// clang-format off
inline constexpr row rows[] = { // NOLINT(*-avoid-c-arrays): no header for std::array
    {~0U, 0xd503201f, nop}, {~0U, 0xd503203f, yield}, {~0U, 0xd503205f, wfe}, {~0U, 0xd503207f, wfi}, {~0U, 0xd503209f, sev},
    {~0U, 0xd50320bf, sevl}, {~0U, 0xd503229f, csdb}, {0xffffff3f, 0xd503241f, bti}, {0xffe0001f, 0xd4200000, brk},
    {0xffe0001f, 0xd4000001, svc}, {0xffe0001f, 0xd4000002, hvc}, {0xffe0001f, 0xd4000003, smc}, {~0U, 0xd69f03e0, eret},
    {0xfffffc1f, 0xd65f0000, ret}, {0xfffffc1f, 0xd63f0000, call}, {0xfffffc1f, 0xd61f0000, jmp},
    {0xfc000000, 0x94000000, call}, {0xfc000000, 0x14000000, jmp}, {0xff000010, 0x54000000, b_cond},
    {0x7f000000, 0x34000000, cbz}, {0x7f000000, 0x35000000, cbnz}, {0xfffff0ff, 0xd50330bf, dmb},
    {0xfffff0ff, 0xd503309f, dsb}, {0xfffff0ff, 0xd50330df, isb}, {~0U, 0xd50330ff, sb}, {0xfff00000, 0xd5300000, mrs},
    {0xfff00000, 0xd5100000, msr}, {0xfff8f01f, 0xd500401f, msr}, {0xffffffe0, 0xd50b7520, ic_ivau}, {~0U, 0xd508751f, ic_iallu},
    {~0U, 0xd508711f, ic_ialluis}, {0xfff8f000, 0xd5087000, dc}, {0xffc00000, 0xa9800000, push}, {0xffe00c00, 0xf8000c00, push},
    {0xffc00000, 0xa8c00000, pop}, {0xffe00c00, 0xf8400400, pop}, {0xbfc00000, 0xb9000000, str}, {0xffc00000, 0x39000000, strb},
    {0xffc00000, 0x79000000, strh}, {0xbfc00000, 0xb9400000, ldr}, {0xffc00000, 0x39400000, ldrb},
    {0xffc00000, 0x79400000, ldrh}, {0xbf000000, 0x18000000, ldr}, {0xbffffc00, 0x88dffc00, ldar}, {0xbffffc00, 0x889ffc00, stlr},
    {0xbfe0fc00, 0xb8e00000, ldaddal}, {0xbfe0fc00, 0xb8e08000, swpal}, {0xbfe0fc00, 0x88e0fc00, casal},
    {0x7ffffc1f, 0x1100001f, mov}, {0x7fffffe0, 0x110003e0, mov}, {0x7fe0ffe0, 0x2a0003e0, mov}, {0x7f800000, 0x52800000, movz},
    {0x7f800000, 0x12800000, movn}, {0x7f800000, 0x72800000, movk}, {0x7f00001f, 0x7100001f, cmp}, {0x7f20001f, 0x6b00001f, cmp},
    {0x7f000000, 0x11000000, add}, {0x7f000000, 0x31000000, adds}, {0x7f000000, 0x51000000, sub}, {0x7f000000, 0x71000000, subs},
    {0x7f2003e0, 0x4b0003e0, neg}, {0x7f200000, 0x0b000000, add}, {0x7f200000, 0x2b000000, adds}, {0x7f200000, 0x4b000000, sub},
    {0x7f200000, 0x6b000000, subs}, {0x7f200000, 0x0a000000, and_}, {0x7f200000, 0x0a200000, bic}, {0x7f200000, 0x2a000000, orr},
    {0x7f2003e0, 0x2a2003e0, mvn}, {0x7f200000, 0x4a000000, eor}, {0x7f20001f, 0x6a00001f, tst}, {0xffc0fc00, 0xd340fc00, lsr},
    {0xffe0fc00, 0x53007c00, lsr}, {0xffc0fc00, 0x9340fc00, asr}, {0xffe0fc00, 0x13007c00, asr}, {0x7f800000, 0x53000000, lsl},
    {0x7fe0fc00, 0x1b007c00, mul}, {0x7fe08000, 0x1b000000, madd}, {0x7fe08000, 0x1b008000, msub}, {0xffe0fc00, 0x9bc07c00, umulh},
    {0x7fe0fc00, 0x1ac00800, udiv}, {0x7fe0fc00, 0x1ac00c00, sdiv}, {0xffe0fc00, 0x1ac04000, crc32b},
    {0xffe0fc00, 0x1ac04400, crc32h}, {0xffe0fc00, 0x1ac04800, crc32w}, {0xffe0fc00, 0x9ac04c00, crc32x},
    {0xffe0fc00, 0x1ac05000, crc32cb}, {0xffe0fc00, 0x1ac05400, crc32ch}, {0xffe0fc00, 0x1ac05800, crc32cw},
    {0xffe0fc00, 0x9ac05c00, crc32cx}, {0x7ffffc00, 0x5ac01000, clz}, {0x7ffffc00, 0x5ac01400, cls}, {0x7ffffc00, 0x5ac00000, rbit},
    {0x7ffffc00, 0x5ac00400, rev16}, {0xfffffc00, 0x5ac00800, rev}, {0xfffffc00, 0xdac00c00, rev}, {0x9f000000, 0x10000000, adr},
};
// clang-format on

} // namespace mnemonics

/// The name of this word.
constexpr instruction instruction_of(uint32_t word) noexcept {
    for (const auto& each : mnemonics::rows) {
        if ((word & each.mask) == each.value) {
            return each.what;
        }
    }
    return instruction::word;
}

/// The instruction at byte `at`.
constexpr instruction instruction_at(const machine_code& code, unsigned at) noexcept {
    uint32_t word = 0;
    for (unsigned i = 4; i-- > 0;) {
        word = word << 8 | code.byte(at + i);
    }
    return instruction_of(word);
}

} // namespace shown
} // namespace inlay
