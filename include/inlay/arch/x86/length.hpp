// SPDX-License-Identifier: BSL-1.0
//
// length: the length of an instruction, in the mode of the program, or in the other mode for tools.
//
//     for (size_t at = 0; at < size; at += length) {
//         length = inlay::x86::instruction_length(text + at, size - at);
//         if (length == 0) { ... }                                   // data, or newer than this header
//     }
//     length = inlay::x86::instruction_length<false>(code, size);            // in 32-bit mode
//
// How it works. An instruction is prefixes, opcode, ModRM, SIB, displacement and immediate (Intel SDM volume 2,
// 2.1; sections below are of that volume). The opcode determines whether a ModRM byte follows, and which immediate. So
// each opcode has a letter below, laid out like the opcode maps of the SDM's appendix A. The compiler makes rows for
// eight opcodes each, with a nibble for each opcode, and keeps equal rows once. Only the one-byte map and the 0F map
// need letters: in each other map all opcodes have one form. Between the modes, the one-byte map alone differs.
//
// (This header is made for few bytes: at -Os, its code has about 450 bytes, and its tables 220. So it computes with
// enumerators, since ifs would be larger.)
//
// The purpose is to walk the output of compilers and assemblers. The function knows the opcodes that do not exist. But
// undefined uses of other opcodes (of a ModRM field, of a prefix, of VEX.L) have a length. REX2 and EVEX map 4, of APX,
// are not known.
#pragma once

#include "inlay/arch/x86/registers.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace x86 {

/// Longest instruction, in bytes (2.3.11); a longer one faults.
inline constexpr unsigned max_instruction_length = 15;

namespace detail {

/// The bytes after an opcode. Odd: a ModRM byte.
enum follows : uint8_t {
    nothing = 0,
    modrm = 1,
    imm8 = 2,
    modrm_imm8 = 3,
    immz = 4, ///< 16 bits with an operand-size prefix, else 32
    modrm_immz = 5,
    enter = 6, ///< imm16, imm8
    invalid = 7,
    imm16 = 8,
    modrm_imm16 = 9,
    branch = 10, ///< rel32. In 64-bit mode Intel ignores an operand-size prefix, AMD reads a rel16: so it is invalid
    prefix = 11, ///< another prefix or the opcode
    immv = 12,   ///< like immz, or 64 bits with REX.W; in 32-bit mode `far`
    far = immv,  ///< immz, imm16: a far pointer
    escape = 13, ///< an opcode of another map
    moffs = 14,  ///< an address of 64 bits, or of 32 with an address-size prefix (32-bit mode: 32, or 16)
};

/// Bytes of immediate: a nibble without prefix, one with operand-size, one with REX.W. f is more than any instruction
/// has. (GCC does not hide an array template without a bound as its namespace says.)
template <bool LongMode>
[[gnu::visibility("hidden")]] inline constexpr uint16_t immediate_sizes[] = {
    0x000, 0x000,        // nothing, modrm
    0x111, 0x111,        // imm8
    0x424, 0x424,        // immz
    0x333, 0xfff,        // enter, invalid
    0x222, 0x222,        // imm16
    0x4f4, 0,            // branch
    0x824, 0,     0x888, // immv, moffs
};
/// In 32-bit mode: the same, except branch, far in place of immv, and moffs.
template <>
inline constexpr uint16_t immediate_sizes<false>[] = {
    0x000, 0x000, 0x111, 0x111, 0x424, 0x424, 0x333, 0xfff, 0x222, 0x222, 0x424, 0, 0x646, 0, 0x444,
};

constexpr follows meaning(char letter) noexcept {
    switch (letter) {
    case '.':
        return nothing;
    case 'm':
        return modrm;
    case 'b':
        return imm8;
    case 'B':
        return modrm_imm8;
    case 'z':
        return immz;
    case 'Z':
        return modrm_immz;
    case 'e':
        return enter;
    case 'w':
        return imm16;
    case 'j':
        return branch;
    case 'p':
        return prefix;
    case 'v':
        return immv;
    case 'f':
        return far;
    case 'E':
        return escape;
    case 'a':
        return moffs;
    default:
        return invalid;
    }
}

/// The one-byte map (table A-2), as in 64-bit mode.
inline constexpr char long_mode_letters[] =
    // 123456789abcdef
    "mmmmbz--mmmmbz-E" // 0_: 0f begins the next map
    "mmmmbz--mmmmbz--" // 1_
    "mmmmbzp-mmmmbzp-" // 2_
    "mmmmbzp-mmmmbzp-" // 3_
    "pppppppppppppppp" // 4_: REX
    "................" // 5_
    "--EmppppzZbB...." // 6_: 62 is EVEX
    "bbbbbbbbbbbbbbbb" // 7_
    "BZ-BmmmmmmmmmmmE" // 8_: 8f is XOP, or pop
    "..........-....." // 9_
    "aaaa....bz......" // a_
    "bbbbbbbbvvvvvvvv" // b_
    "BBw.EEBZe.w..b-." // c_: c4 and c5 are VEX
    "mmmm---.mmmmmmmm" // d_
    "bbbbbbbbjj-b...." // e_
    "p.pp..BZ......mm" // f_: f6 and f7 as test, the others of group 3 have no immediate
    ;

/// The same as in 32-bit mode.
inline constexpr char legacy_letters[] =
    // 123456789abcdef
    "mmmmbz..mmmmbz.E" // 0_: 0f begins the next map
    "mmmmbz..mmmmbz.." // 1_
    "mmmmbzp.mmmmbzp." // 2_
    "mmmmbzp.mmmmbzp." // 3_
    "................" // 4_
    "................" // 5_
    "..EmppppzZbB...." // 6_: 62 is EVEX, or bound
    "bbbbbbbbbbbbbbbb" // 7_
    "BZBBmmmmmmmmmmmE" // 8_: 8f is XOP, or pop
    "..........f....." // 9_
    "aaaa....bz......" // a_
    "bbbbbbbbzzzzzzzz" // b_
    "BBw.EEBZe.w..b.." // c_: c4 and c5 are VEX, or les and lds
    "mmmmbb..mmmmmmmm" // d_
    "bbbbbbbbjjfb...." // e_
    "p.pp..BZ......mm" // f_
    ;

/// The 0F map.
inline constexpr char two_byte_letters[] =
    // 123456789abcdef
    "mmmm-.....-.-m.B" // 0_: 0f 0f is 3DNow!, which has its opcode where others have an imm8
    "mmmmmmmmmmmmmmmm" // 1_
    "bbbb----mmmmmmmm" // 2_: mov of control and debug registers reads a ModRM as registers always: to us an imm8
    "......-.E-E-----" // 3_: 38 and 3a begin maps
    "mmmmmmmmmmmmmmmm" // 4_
    "mmmmmmmmmmmmmmmm" // 5_
    "mmmmmmmmmmmmmmmm" // 6_
    "BBBBmmm.mmmmmmmm" // 7_: 7a and 7b with EVEX alone
    "jjjjjjjjjjjjjjjj" // 8_
    "mmmmmmmmmmmmmmmm" // 9_
    "...mBmmm...mBmmm" // a_
    "mmmmmmmmmmBmmmmm" // b_
    "mmBmBBBm........" // c_
    "mmmmmmmmmmmmmmmm" // d_
    "mmmmmmmmmmmmmmmm" // e_
    "mmmmmmmmmmmmmmmm" // f_
    ;

/// The rows of eight letters that differ, and for each eight opcodes, which row it is.
template <bool LongMode>
struct opcode_rows {
    uint32_t row[LongMode ? 31 : 30]{};
    uint8_t number[64]{};

    constexpr opcode_rows() noexcept {
        unsigned used = 0;
        for (unsigned i = 0; i < 64; ++i) {
            uint32_t packed = 0;
            for (unsigned j = 0; j < 8; ++j) {
                const unsigned at = 8 * i + j;
                const char letter = at >= 256  ? two_byte_letters[at - 256]
                                    : LongMode ? long_mode_letters[at]
                                               : legacy_letters[at];
                packed |= uint32_t{meaning(letter)} << 4 * j;
            }
            unsigned same = 0;
            while (same < used && row[same] != packed) {
                ++same;
            }
            if (same == used) {
                row[used++] = packed;
            }
            number[i] = static_cast<uint8_t>(same);
        }
    }
};
template <bool LongMode>
inline constexpr opcode_rows<LongMode> rows;

/// The bytes after all opcodes of the maps that VEX, EVEX and XOP have numbers for. 2 is 0F 38, 3 is 0F 3A (A-4 and
/// 5 and 6 are of AVX512-FP16, 7 is urdmsr with its imm32. 8 to 10 are of XOP (AMD's manual, volume 3, 1.2.8).
/// Each map takes two bits: all values are odd, and at most 7.
constexpr uint64_t pack_maps() noexcept {
    constexpr char letters[] = "--mB-mmZBmZ---------------------";
    uint64_t packed = 0;
    for (unsigned i = 0; i < 32; ++i) {
        packed |= uint64_t{meaning(letters[i])} / 2 << 2 * i;
    }
    return packed;
}
inline constexpr uint64_t maps = pack_maps();

/// Prefixes as bits: each prefix from 0x64 on has its own. (None of the others matters, and REX would have these bits,
/// too.)
[[gnu::always_inline]] constexpr uint32_t prefix_bit(unsigned byte) noexcept {
    return uint32_t{byte >= 0x64} << (byte & 31);
}

/// Reads ModRM, SIB and displacement (2.1.5, tables 2-2 and 2-3): adds their length to `at`, and corrects the
/// immediate.
template <bool LongMode>
[[gnu::always_inline]] inline void read_modrm(const uint8_t* bytes, unsigned limit, unsigned prefixes, unsigned index,
                                              unsigned& at, unsigned& what) noexcept {
    const unsigned operands = bytes[at < limit ? at : 0];
    ++at;
    if (index / 2 == 0xf6 / 2 && (operands & 0x30) != 0) { // group 3, and not test
        what &= follows::modrm;
    }
    if (index == 0x178 && (prefixes & (prefix_bit(0x66) | prefix_bit(0xf2))) != 0) { // extrq, insertq
        what += follows::modrm_imm16 - follows::modrm;
    }
    unsigned mod = operands >> 6;
    if (!LongMode && (prefixes & prefix_bit(0x67)) != 0) { // addresses of 16 bits (table 2-1)
        at += mod == 3 ? 0 : mod == 0 && (operands & 7) == 6 ? 2 : mod;
    } else if (mod != 3) {
        unsigned base = operands & 7;
        if (base == 4) {
            base = bytes[at < limit ? at : 0] & 7;
            ++at;
        }
        if (mod == 0 && base == 5) { // relative to RIP, or without base: a displacement as of mod 2
            mod = 2;
        }
        at += mod * mod; // 0, 1, 4
    }
}

} // namespace detail

inline namespace INLAY_TARGET {

/// The length of the instruction at `bytes`; `available` bytes may be read. 0 if it does not end within them, is longer
/// than 15 bytes, or is not known. `LongMode`: in 64-bit mode; else in 32-bit mode.
template <bool LongMode = is_64_bit>
[[nodiscard]] inline unsigned instruction_length(const uint8_t* bytes, size_t available) noexcept {
    using detail::follows;
    using detail::prefix_bit;
    const unsigned limit =
        available < max_instruction_length ? static_cast<unsigned>(available) : max_instruction_length;
    unsigned at = 0;
    unsigned prefixes = 0;
    unsigned rex = 0; // the last prefix, REX or not
    unsigned map = 0;
    unsigned index = 0;
    unsigned what = 0;
    for (;;) {
        if (at >= limit) {
            return 0;
        }
        const uint8_t opcode = bytes[at++];
        index = map + opcode;
        constexpr const auto& rows = detail::rows<LongMode>;
        what = rows.row[rows.number[index / 8]] >> 4 * (index & 7) & 15;
        if (what == follows::prefix) {
            rex = opcode; // it counts only right before the opcode (2.2.1)
            prefixes |= prefix_bit(opcode);
            continue;
        }
        if (what != follows::escape) {
            break;
        }
        if (map != 0) {
            static_assert(follows::modrm_imm8 - follows::modrm == 0x3a - 0x38);
            what = opcode - 0x38U + follows::modrm;
            ++at;
            break;
        }
        map = 256;
        if (opcode == 0x0f) {
            continue;
        }
        ++at;
        if (!LongMode && opcode != 0x8f && bytes[at - 1 < limit ? at - 1 : 0] < 0xc0) { // bound, les, lds and its ModRM
            --at;
            what = follows::modrm;
            break;
        }
        if (opcode == 0xc5) { // VEX in two bytes: of the 0F map (2.3.5)
            continue;
        }
        // VEX in three bytes, EVEX (2.7.1) and XOP have the number of the map in their second. Here and in
        // read_modrm(), an unreadable byte counts as some other byte: the instruction is then too long for any value.
        unsigned number = bytes[at - 1 < limit ? at - 1 : 0] & 31U;
        if (opcode == 0x8f && number < 8) { // pop, and this was its ModRM
            --at;
            what = follows::modrm;
            break;
        }
        ++at;
        if (opcode == 0x62) {
            ++at;
            number &= 7;
        }
        if (number != 1) {
            what = (static_cast<unsigned>(detail::maps >> 2 * number) & 3) * 2 + 1;
            ++at;
            break;
        }
    }

    if ((what & 1) != 0) {
        detail::read_modrm<LongMode>(bytes, limit, prefixes, index, at, what);
    }
    const unsigned sizes = detail::immediate_sizes<LongMode>[what];
    at += sizes >> (LongMode && rex - 0x48 < 8 ? 8 : (prefixes & prefix_bit(0x66)) >> 4) & 15;
    if (what == follows::moffs) {
        at -= (prefixes & prefix_bit(0x67)) >> (LongMode ? 5 : 6); // 4 or 2
    }
    return at <= limit ? at : 0;
}

} // namespace INLAY_TARGET

} // namespace x86
} // namespace inlay
