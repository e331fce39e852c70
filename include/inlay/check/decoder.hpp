// SPDX-License-Identifier: BSL-1.0
//
// decoder: one instruction at a time: its length, where it goes, and its text.
//
//     const inlay::check::decoder decode{inlay::check::machine::x86_64};
//     const auto found = decode(bytes, size, address);       // found.length == 0: no instruction
//     if (found.flow == inlay::check::flow::jump) ... found.target ...
//
// How it works. Zydis decodes x86. On AArch64, every word is an instruction or none, and its branches are few: they
// are read from the word itself (Arm ARM, C4.1.65). Neither decoder is used in arch/, so an error there does not hide
// here. Text is for disassembly.hpp.
#pragma once

#include "inlay/report/architectures.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <Zydis/Zydis.h>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

enum class machine : std::uint8_t { x86_64, i386, aarch64 };

/// Where the processor goes after an instruction.
enum class flow : std::uint8_t {
    next,          ///< to the next one
    jump,          ///< to `target`
    conditional,   ///< to `target`, or to the next one
    call,          ///< to `target`, and comes back
    indirect_jump, ///< where a register or memory says
    indirect_call,
    returns,
    stops, ///< never to the next one: ud2, hlt, int3, udf, brk
};

struct instruction {
    std::uint64_t at{};    ///< its address in the image
    std::uint8_t length{}; ///< in bytes; 0: these bytes are no instruction
    check::flow flow{check::flow::next};
    std::uint64_t target{};  ///< of a direct branch
    bool landing{};          ///< endbr32, endbr64, bti, and paciasp, which acts as one
    bool memory_operand{};   ///< of an indirect branch: it reads its target from memory
    bool relative_operand{}; ///< it reads or names memory by its distance from here

    [[nodiscard]] std::uint64_t end() const noexcept { return at + length; }
    [[nodiscard]] bool goes_to_target() const noexcept {
        return flow == check::flow::jump || flow == check::flow::conditional || flow == check::flow::call;
    }
};

namespace detail {

/// The branches of AArch64.
[[nodiscard]] inline instruction decode_aarch64(const std::uint8_t* bytes, std::size_t size,
                                                std::uint64_t at) noexcept {
    instruction result{.at = at};
    if (size < 4 || at % 4 != 0) {
        return result;
    }
    std::uint32_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    result.length = 4;
    const auto distance = [&](unsigned low, unsigned width) {
        const auto field = static_cast<std::int32_t>(word << (32 - low - width)) >> (32 - width);
        return at + static_cast<std::uint64_t>(std::int64_t{field} * 4);
    };
    if ((word & 0x7c000000U) == 0x14000000U) { // b, bl
        result.flow = word >> 31 != 0 ? flow::call : flow::jump;
        result.target = distance(0, 26);
    } else if ((word & 0xff000000U) == 0x54000000U ||
               (word & 0x7e000000U) == 0x34000000U) { // b.cond, bc.cond; cbz, cbnz
        result.flow = flow::conditional;
        result.target = distance(5, 19);
    } else if ((word & 0x7e000000U) == 0x36000000U) { // tbz, tbnz
        result.flow = flow::conditional;
        result.target = distance(5, 14);
    } else if ((word & 0xfe1ff000U) == 0xd61ff000U ||
               (word & 0xfe1ff000U) == 0xd61f0000U) { // br, blr, ret, also braa, ...
        const std::uint32_t kind = word >> 21 & 7U;
        result.flow = kind == 0 ? flow::indirect_jump : kind == 1 ? flow::indirect_call : flow::returns;
    } else if ((word & 0xffe0001fU) == 0xd4200000U || (word & 0xffff0000U) == 0) { // brk, udf
        result.flow = flow::stops;
    }
    result.landing = (word & 0xffffff3fU) == 0xd503241fU || word == 0xd503233fU || word == 0xd503237fU;
    result.relative_operand = result.target != 0 || (word & 0x1f000000U) == 0x10000000U || // adr, adrp
                              (word & 0x3b000000U) == 0x18000000U;                         // loads of a literal
    return result;
}

} // namespace detail

class decoder {
public:
    explicit decoder(check::machine machine) : machine_{machine} {
        if (machine_ != machine::aarch64) {
            const bool wide = machine_ == machine::x86_64;
            ZydisDecoderInit(&zydis_, wide ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32,
                             wide ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
        }
    }

    [[nodiscard]] check::machine machine() const noexcept { return machine_; }

    /// The instruction in the first of `size` bytes, which are at address `at` of the image.
    [[nodiscard]] instruction operator()(const std::uint8_t* bytes, std::size_t size, std::uint64_t at) const noexcept {
        return machine_ == machine::aarch64 ? detail::decode_aarch64(bytes, size, at) : decode_x86(bytes, size, at);
    }

private:
    [[nodiscard]] instruction decode_x86(const std::uint8_t* bytes, std::size_t size, std::uint64_t at) const noexcept {
        instruction result{.at = at};
        ZydisDecodedInstruction found;
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&zydis_, nullptr, bytes, size, &found))) {
            return result;
        }
        result.length = found.length;
        const bool direct = found.raw.imm[0].is_relative != 0;
        switch (found.meta.category) {
        case ZYDIS_CATEGORY_COND_BR:
            result.flow = flow::conditional; // also loop and jrcxz
            break;
        case ZYDIS_CATEGORY_UNCOND_BR:
            result.flow = direct ? flow::jump : flow::indirect_jump;
            break;
        case ZYDIS_CATEGORY_CALL:
            result.flow = direct ? flow::call : flow::indirect_call;
            break;
        case ZYDIS_CATEGORY_RET:
            result.flow = flow::returns;
            break;
        default:
            stop_or_land(found.mnemonic, result);
            break;
        }
        if (direct) {
            result.target = found.length + at + static_cast<std::uint64_t>(found.raw.imm[0].value.s);
            if (machine_ == machine::i386) {
                result.target &= 0xffffffffU;
            }
        }
        result.memory_operand = (found.attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0 && found.raw.modrm.mod != 3;
        result.relative_operand = direct || (machine_ == machine::x86_64 && result.memory_operand &&
                                             found.raw.modrm.mod == 0 && found.raw.modrm.rm == 5);
        return result;
    }

    static void stop_or_land(ZydisMnemonic mnemonic, instruction& result) noexcept {
        switch (mnemonic) {
        case ZYDIS_MNEMONIC_UD0:
        case ZYDIS_MNEMONIC_UD1:
        case ZYDIS_MNEMONIC_UD2:
        case ZYDIS_MNEMONIC_INT3:
        case ZYDIS_MNEMONIC_HLT:
            result.flow = flow::stops;
            break;
        case ZYDIS_MNEMONIC_IRET:
        case ZYDIS_MNEMONIC_IRETD:
        case ZYDIS_MNEMONIC_IRETQ:
        case ZYDIS_MNEMONIC_SYSRET:
        case ZYDIS_MNEMONIC_SYSEXIT:
            result.flow = flow::returns;
            break;
        case ZYDIS_MNEMONIC_ENDBR32:
        case ZYDIS_MNEMONIC_ENDBR64:
            result.landing = true;
            break;
        default:
            break;
        }
    }

    check::machine machine_;
    ZydisDecoder zydis_{};
};

} // namespace check
} // namespace inlay
