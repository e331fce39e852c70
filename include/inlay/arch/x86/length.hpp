// SPDX-License-Identifier: BSL-1.0
//
// length: where the next instruction begins, in 64-bit mode.
//
//     for (std::size_t at = 0; at < size; at += length) {
//         length = inlay::x86::instruction_length(text + at, size - at);
//         if (length == 0) { ... }                         // data, or newer than this header
//     }
//
// How it works. Intel SDM volume 2: an instruction is prefixes, opcode, ModRM, SIB, displacement, immediate
// (2.1). Whether there is a ModRM byte and what immediate depends on the opcode, so there is one letter an
// opcode below, laid out like the opcode maps of the SDM's appendix A. Maps are stored as rows of eight opcodes,
// a nibble an opcode, and equal rows once. Only the one-byte map and the 0F map need letters: in every other
// one all opcodes have the same form.
//
// The purpose is to walk what compilers and assemblers wrote. Opcodes that do not exist are mostly known as such,
// but undefined uses of those that do (a register field, a prefix, VEX.L) are not, and have the length that
// a processor would read before it faults.
#pragma once

#include <cstddef>
#include <cstdint>

namespace inlay::x86 {

/// Longest instruction, in bytes (SDM 2.3.11): a longer one faults.
inline constexpr unsigned max_instruction_length = 15;

namespace detail {

/// What follows an opcode. Odd: a ModRM byte.
enum follows : std::uint8_t {
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
    branch = 10, ///< rel32; Intel and AMD do not agree what an operand-size prefix does
    prefix = 11,
    immv = 12, ///< like immz, and 64 bits with REX.W
    escape = 13,
    moffs = 14, ///< an address of 64 bits, or 32 with an address-size prefix
};

/// Sizes of immediates: a nibble without prefix, one with operand-size, one with REX.W. 15 makes any instruction too
/// long.
inline constexpr std::uint16_t immediate_sizes[] = {0,     0,     0x111, 0x111, 0x424, 0x424, 0x333, 0xfff,
                                                    0x222, 0x222, 0x4f4, 0,     0x824, 0,     0x888};

constexpr follows follows_of(char letter) noexcept {
    switch (letter) {
    case 'm':
        return modrm;
    case 'b':
        return imm8;
    case 'B':
        return modrm_imm8;
    case 'w':
        return imm16;
    case 'e':
        return enter;
    case 'z':
        return immz;
    case 'Z':
        return modrm_immz;
    case 'j':
        return branch;
    case 'v':
        return immv;
    case 'a':
        return moffs;
    case 'p':
        return prefix;
    case 'E':
        return escape;
    case '-':
        return invalid;
    default:
        return nothing;
    }
}

/// The one-byte map (SDM A.3, tables A-2) and the 0F map. Control and debug registers (0F 20 to 23) have a
/// ModRM byte that always means registers: to us, an imm8. 0F 7A and 7B exist with EVEX alone.
inline constexpr char opcode_letters[] = // 0123456789abcdef
    "mmmmbz--mmmmbz-E"                   // 0
    "mmmmbz--mmmmbz--"                   // 1
    "mmmmbzp-mmmmbzp-"                   // 2
    "mmmmbzp-mmmmbzp-"                   // 3
    "pppppppppppppppp"                   // 4: REX
    "................"                   // 5
    "--EmppppzZbB...."                   // 6
    "bbbbbbbbbbbbbbbb"                   // 7
    "BZ-BmmmmmmmmmmmE"                   // 8
    "..........-....."                   // 9
    "aaaa....bz......"                   // a
    "bbbbbbbbvvvvvvvv"                   // b
    "BBw.EEBZe.w..b-."                   // c
    "mmmm---.mmmmmmmm"                   // d
    "bbbbbbbbjj-b...."                   // e
    "p.pp..BZ......mm"                   // f

    "mmmm-.....-.-m.B" // 0f 0: 0f 0f is 3DNow!, its opcode an imm8
    "mmmmmmmmmmmmmmmm" // 0f 1
    "bbbb----mmmmmmmm" // 0f 2
    "......-.E-E-----" // 0f 3
    "mmmmmmmmmmmmmmmm" // 0f 4
    "mmmmmmmmmmmmmmmm" // 0f 5
    "mmmmmmmmmmmmmmmm" // 0f 6
    "BBBBmmm.mmmmmmmm" // 0f 7
    "jjjjjjjjjjjjjjjj" // 0f 8
    "mmmmmmmmmmmmmmmm" // 0f 9
    "...mBmmm...mBmmm" // 0f a
    "mmmmmmmmmmBmmmmm" // 0f b
    "mmBmBBBm........" // 0f c
    "mmmmmmmmmmmmmmmm" // 0f d
    "mmmmmmmmmmmmmmmm" // 0f e
    "mmmmmmmmmmmmmmmm" // 0f f
    ;

/// The rows that differ, and which row is where.
struct opcode_rows {
    static constexpr unsigned different = 32;

    std::uint32_t row[different]{};
    std::uint8_t number[64]{};
    unsigned used = 0;

    constexpr opcode_rows() noexcept {
        for (unsigned i = 0; i < 64; ++i) {
            std::uint32_t packed = 0;
            for (unsigned j = 0; j < 8; ++j) {
                packed |= std::uint32_t{follows_of(opcode_letters[8 * i + j])} << 4 * j;
            }
            unsigned at = 0;
            while (at < used && row[at] != packed) {
                ++at;
            }
            if (at == used) {
                row[used++] = packed;
            }
            number[i] = static_cast<std::uint8_t>(at);
        }
    }
};
inline constexpr opcode_rows rows;

/// What follows each opcode of the maps from 2 on, numbered as VEX, EVEX and XOP do: two bits a map
/// (modrm, modrm_imm8, modrm_immz, invalid)
inline constexpr std::uint32_t map_follows = [] {
    std::uint32_t packed = 0;
    const char letters[] = "--mB-mmZBmZ-----"; // NOLINT(*-avoid-c-arrays): freestanding
    for (unsigned i = 0; i < 16; ++i) {
        packed |= std::uint32_t{follows_of(letters[i])} / 2 << 2 * i;
    }
    return packed;
}();

} // namespace detail

/// The length of the instruction at `bytes`, of which `available` may be read. 0 if it does not end within them,
/// is longer than 15 bytes, or is not known.
[[nodiscard]] inline unsigned instruction_length(const std::uint8_t* bytes, std::size_t available) noexcept {
    using namespace detail;
    if (available > max_instruction_length) {
        available = max_instruction_length;
    }
    std::size_t at = 0;
    unsigned prefixes = 0; // bit n: a prefix n modulo 32
    unsigned last = 0;
    unsigned map = 0;
    unsigned index = 0;
    unsigned what = 0;
    for (;;) {
        if (at >= available) {
            return 0;
        }
        const unsigned opcode = bytes[at++];
        index = map + opcode;
        what = rows.row[rows.number[index >> 3]] >> 4 * (index & 7) & 15;
        if (what == prefix) {
            last = opcode;
            if (opcode >= 0x64) {
                prefixes |= 1U << (opcode & 31);
            }
            continue;
        }
        if (what != escape) {
            break;
        }
        if (map != 0) { // 0f 38, 0f 3a
            what = opcode - 0x37;
            ++at;
            break;
        }
        map = 256;
        if (opcode == 0x0f) {
            continue;
        }
        ++at;
        if (opcode == 0xc5) { // VEX of two bytes (2.3.5)
            continue;
        }
        // VEX of three bytes, EVEX (2.7.1), XOP
        unsigned field = bytes[at - 1 < available ? at - 1 : 0];
        if (opcode == 0x8f && (field & 0x18) == 0) { // this is pop, and its ModRM
            --at;
            what = modrm;
            break;
        }
        ++at;
        field &= 15;
        if (opcode == 0x62) {
            ++at;
            field &= 7;
        }
        if (field != 1) {
            what = (map_follows >> 2 * field & 3) * 2 + 1;
            ++at;
            break;
        }
    }

    if ((what & 1) != 0) { // (2.1.5, tables 2-2 and 2-3)
        const unsigned operands = bytes[at < available ? at : 0];
        ++at;
        if (index >> 1 == 0x7b && (operands & 0x30) != 0) {
            what = modrm;
        }
        if (index == 0x178 && (prefixes & (1U << 6 | 1U << 18)) != 0) {
            what = modrm_imm16;
        }
        unsigned mod = operands >> 6;
        if (mod != 3) {
            unsigned base = operands & 7;
            if (base == 4) {
                base = bytes[at < available ? at : 0] & 7;
                ++at;
            }
            if (mod == 0 && base == 5) { // relative to RIP, or no base: a displacement of 32 bits alike
                mod = 2;
            }
            at += mod * mod;
        }
    }
    unsigned size = (prefixes & 0x40) >> 4;
    if ((last & 0xf8) == 0x48) {
        size = 8;
    }
    size = immediate_sizes[what] >> size & 15;
    if (what == moffs) {
        size -= (prefixes & 0x80) >> 5;
    }
    at += size;
    return at <= available ? static_cast<unsigned>(at) : 0;
}

} // namespace inlay::x86
