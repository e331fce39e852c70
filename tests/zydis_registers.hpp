// SPDX-License-Identifier: BSL-1.0
//
// The registers that x86 instructions read and write, according to Zydis, in the masks of inlay/code.hpp.
//
// How it works. Zydis lists an instruction's operands, also the hidden ones, with the access to each. The rules of the
// masks apply to them: a register that is written in part, or conditionally, counts as read as well. `agrees` compares.
// Only `as_inlay_counts` has the intended differences of the library.
#pragma once

#include "inlay/arch/x86/nops.hpp"
#include "inlay/code.hpp"

#include <Zydis/Zydis.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <string>
#include <vector>

namespace inlay_test {

class zydis_registers {
    using operand_list = std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT>;

public:
    explicit zydis_registers(bool in_64_bit_mode)
        : mode_{in_64_bit_mode ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32} {
        ZydisDecoderInit(&decoder_, mode_, in_64_bit_mode ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
    }

    /// Empty if `stated` equals Zydis's result for the one instruction of `bytes`; else the difference. General
    /// registers must be the same; a code may state more flags and memory than it uses.
    std::string difference(const std::vector<std::uint8_t>& bytes, inlay::touched stated) const {
        ZydisDecodedInstruction instruction;
        operand_list operands{};
        if (!ZYAN_SUCCESS(
                ZydisDecoderDecodeFull(&decoder_, bytes.data(), bytes.size(), &instruction, operands.data()))) {
            return "Zydis does not decode it";
        }
        if (instruction.length != bytes.size()) {
            return "Zydis finds more than one instruction";
        }
        const auto found = as_inlay_counts(instruction, operands, all_of(instruction, operands));
        if ((stated.reads | stated.writes) == 0 && mode_ == ZYDIS_MACHINE_MODE_LEGACY_32 &&
            is_nop_of_32_bit_mode(bytes)) {
            return {}; // Zydis sees a move of esi to itself
        }
        const auto differ = [](std::uint64_t ours, std::uint64_t theirs) {
            return ((ours ^ theirs) & inlay::general_registers) != 0 || (theirs & ~ours) != 0;
        };
        if (!differ(stated.reads, found.reads) && !differ(stated.writes, found.writes)) {
            return {};
        }
        std::array<char, 128> text{};
        std::snprintf(text.data(), text.size(), "stated: reads %llx, writes %llx; Zydis: reads %llx, writes %llx",
                      number(stated.reads), number(stated.writes), number(found.reads), number(found.writes));
        return text.data();
    }

    /// The instruction's name.
    std::string mnemonic(const std::vector<std::uint8_t>& bytes) const {
        ZydisDecodedInstruction instruction;
        operand_list operands{};
        if (!ZYAN_SUCCESS(
                ZydisDecoderDecodeFull(&decoder_, bytes.data(), bytes.size(), &instruction, operands.data()))) {
            return "(unknown)";
        }
        return ZydisMnemonicGetString(instruction.mnemonic);
    }

private:
    static constexpr std::uint64_t rax = 1U << 0;
    static constexpr std::uint64_t rcx = 1U << 1;
    static constexpr std::uint64_t rdx = 1U << 2;
    static constexpr std::uint64_t rbx = 1U << 3;
    static constexpr std::uint64_t rsp = 1U << 4;
    static constexpr std::uint64_t rsi = 1U << 6;
    static constexpr std::uint64_t rdi = 1U << 7;

    static unsigned long long number(std::uint64_t mask) { return mask & ~inlay::stack_bit; }

    static bool is_nop_of_32_bit_mode(const std::vector<std::uint8_t>& bytes) {
        const auto& words = inlay::x86::detail::nop_words_32;
        std::uint64_t value = 0;
        for (std::size_t i = bytes.size(); i-- > 0;) {
            value = value << 8 | bytes[i];
        }
        return bytes.size() <= std::size(words) && value == words[bytes.size() - 1];
    }

    std::uint64_t bit_of(ZydisRegister which) const {
        const auto whole = ZydisRegisterGetLargestEnclosing(mode_, which);
        const auto kind = ZydisRegisterGetClass(whole);
        const bool general = kind == ZYDIS_REGCLASS_GPR64 || kind == ZYDIS_REGCLASS_GPR32;
        return general ? std::uint64_t{1} << static_cast<unsigned>(ZydisRegisterGetId(whole)) : 0;
    }

    inlay::touched all_of(const ZydisDecodedInstruction& instruction, const operand_list& operands) const {
        inlay::touched all{};
        for (std::size_t i = 0; i < instruction.operand_count; ++i) {
            const auto& operand = operands.at(i);
            std::uint64_t which = 0;
            bool in_part = (operand.actions & ZYDIS_OPERAND_ACTION_CONDWRITE) != 0;
            if (operand.type == ZYDIS_OPERAND_TYPE_REGISTER) {
                which = bit_of(operand.reg.value);
                in_part = in_part || ZydisRegisterGetWidth(mode_, operand.reg.value) < 32;
                // The stack words describe rsp, except if rsp gets the value of another register.
                if (operand.visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN && which == rsp &&
                    instruction.mnemonic != ZYDIS_MNEMONIC_LEAVE) {
                    which = 0;
                }
            } else if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY &&
                       operand.visibility != ZYDIS_OPERAND_VISIBILITY_HIDDEN) { // hidden: of push and pop
                all.reads |= bit_of(operand.mem.base) | bit_of(operand.mem.index);
                which = operand.mem.type == ZYDIS_MEMOP_TYPE_MEM ? inlay::memory_bit : 0;
                in_part = false;
            }
            if ((operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0) {
                all.reads |= which;
            }
            if ((operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0) {
                all.writes |= which;
                all.reads |= in_part ? which : 0;
            }
        }
        const auto* flags = instruction.cpu_flags;
        if (flags != nullptr && flags->tested != 0) {
            all.reads |= inlay::flags_bit;
        }
        if (flags != nullptr && (flags->modified | flags->set_0 | flags->set_1 | flags->undefined) != 0) {
            all.writes |= inlay::flags_bit;
        }
        return all;
    }

    /// The deliberate exceptions.
    inlay::touched as_inlay_counts(const ZydisDecodedInstruction& instruction, const operand_list& operands,
                                   inlay::touched found) const {
        const auto is_register = [&](std::size_t i, std::uint64_t which) {
            return operands.at(i).type == ZYDIS_OPERAND_TYPE_REGISTER && bit_of(operands.at(i).reg.value) == which &&
                   ZydisRegisterGetWidth(mode_, operands.at(i).reg.value) ==
                       (mode_ == ZYDIS_MACHINE_MODE_LONG_64 ? 64 : 32);
        };
        switch (instruction.mnemonic) {
        case ZYDIS_MNEMONIC_NOP:
            return {}; // an operand there has no effect
        case ZYDIS_MNEMONIC_ADD:
        case ZYDIS_MNEMONIC_SUB: // of rsp by a constant: the stack words tell
            if (is_register(0, rsp) && operands[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
                return {found.reads & ~rsp, found.writes & ~rsp};
            }
            break;
        case ZYDIS_MNEMONIC_LEA: // the same
            if (is_register(0, rsp) && bit_of(operands[1].mem.base) == rsp &&
                operands[1].mem.index == ZYDIS_REGISTER_NONE) {
                return {found.reads & ~rsp, found.writes & ~rsp};
            }
            break;
        case ZYDIS_MNEMONIC_LEAVE:
            return {found.reads & ~rsp, found.writes}; // rsp gets the value of rbp
        case ZYDIS_MNEMONIC_BSF:
        case ZYDIS_MNEMONIC_BSR: // of 0: the processors keep the register, though the manual does not say so
            return found | inlay::touched{bit_of(operands[0].reg.value), 0};
        case ZYDIS_MNEMONIC_RDSSPD:
        case ZYDIS_MNEMONIC_RDSSPQ: // without shadow stacks a nop
        case ZYDIS_MNEMONIC_LSL:    // of no segment
            return found | inlay::touched{bit_of(operands[0].reg.value), 0};
        case ZYDIS_MNEMONIC_MWAITX: // it may have a time limit
            return found | inlay::touched{rbx, 0};
        case ZYDIS_MNEMONIC_CMPSB: // Zydis does not say that these go on to the next address
        case ZYDIS_MNEMONIC_CMPSD:
        case ZYDIS_MNEMONIC_CMPSQ:
            return found | inlay::touched{rsi | rdi | inlay::memory_bit, rsi | rdi};
        case ZYDIS_MNEMONIC_SCASB:
        case ZYDIS_MNEMONIC_SCASD:
        case ZYDIS_MNEMONIC_SCASQ:
            return found | inlay::touched{rdi | inlay::memory_bit, rdi};
        // By the conventions of the other side.
        case ZYDIS_MNEMONIC_SYSCALL: // it writes ecx in 32-bit mode as well (AMD's manual, volume 3)
            return found | inlay::touched{rax, rax | rcx};
        case ZYDIS_MNEMONIC_SYSENTER:
            return found | inlay::touched{rax, rax | rcx | rdx};
        case ZYDIS_MNEMONIC_VMCALL:
        case ZYDIS_MNEMONIC_VMMCALL:
            return found | inlay::touched{rax, rax};
        // These never return: no code here sees their changes.
        case ZYDIS_MNEMONIC_SYSRET:
        case ZYDIS_MNEMONIC_SYSEXIT:
        case ZYDIS_MNEMONIC_IRETD:
        case ZYDIS_MNEMONIC_IRETQ:
            return {found.reads & inlay::general_registers, 0};
        default:
            break;
        }
        // With itself, the result is 0 for any value of the register.
        if ((instruction.mnemonic == ZYDIS_MNEMONIC_XOR || instruction.mnemonic == ZYDIS_MNEMONIC_SUB) &&
            operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER && operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
            operands[0].reg.value == operands[1].reg.value) {
            found.reads = 0;
        }
        return found;
    }

    ZydisMachineMode mode_;
    ZydisDecoder decoder_{};
};

} // namespace inlay_test
