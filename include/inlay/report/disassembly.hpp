// SPDX-License-Identifier: BSL-1.0
//
// disassembly: bytes as instructions, in Intel's syntax, with symbols for addresses.
//
//     auto text = inlay::report::disassemble(bytes, address_of_site, symbols);      // {"mfence", "nop"}
//     auto text = inlay::report::disassemble<inlay::x86::target<32>>(bytes, address_of_site, symbols);
//
// How it works. Zydis decodes and formats; names from `symbols` replace the addresses among its tokens. Zydis is for
// x86, and used on x86-64 alone. For other architectures, and on other machines, the report has bytes only.
#pragma once

#include "inlay/arch/aarch64/architecture.hpp"
#include "inlay/arch/here.hpp"
#include "inlay/arch/x86/architecture.hpp"
#include "inlay/report/model.hpp"
#include "inlay/report/symbols.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#if defined(__x86_64__)
#include <Zydis/Zydis.h>
#endif

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {

/// The instructions of a target without a disassembler: none.
template <class Target>
struct disassembler {
    [[nodiscard]] static std::vector<std::string> text_of(const std::vector<std::uint8_t>& /*bytes*/, address /*at*/,
                                                          const symbols& /*symbols*/) {
        return {};
    }
};

#if defined(__x86_64__)
template <unsigned Mode>
struct disassembler<x86::target<Mode>> {
    [[nodiscard]] static std::vector<std::string> text_of(const std::vector<std::uint8_t>& bytes, address at,
                                                          const symbols& symbols) {
        std::vector<std::string> result;
        ZydisDecoder decoder;
        ZydisFormatter formatter;
        ZydisDecoderInit(&decoder, Mode == 64 ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32,
                         Mode == 64 ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
        ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
        ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_DISP_PADDING, ZYDIS_PADDING_DISABLED);
        ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE);
        ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_IMM_PADDING, ZYDIS_PADDING_DISABLED);
        for (std::size_t i = 0; i < bytes.size();) {
            ZydisDecodedInstruction instruction;
            ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT]; // NOLINT(*-avoid-c-arrays)
            char buffer[512];                                      // NOLINT(*-avoid-c-arrays)
            const ZydisFormatterToken* token = nullptr;
            if (!ZYAN_SUCCESS(
                    ZydisDecoderDecodeFull(&decoder, bytes.data() + i, bytes.size() - i, &instruction, operands)) ||
                !ZYAN_SUCCESS(ZydisFormatterTokenizeInstruction(&formatter, &instruction, operands,
                                                                instruction.operand_count_visible, buffer,
                                                                sizeof buffer, at + i, &token, nullptr))) {
                result.push_back(".byte " + detail::hex(bytes[i]));
                ++i;
                continue;
            }
            i += instruction.length;
            if (instruction.mnemonic == ZYDIS_MNEMONIC_NOP) {
                result.emplace_back("nop"); // the operands of the longer ones say nothing
                continue;
            }
            std::string text;
            do {
                ZydisTokenType type = ZYDIS_TOKEN_INVALID;
                ZyanConstCharPointer value = nullptr;
                if (ZYAN_SUCCESS(ZydisFormatterTokenGetValue(token, &type, &value))) {
                    text +=
                        type == ZYDIS_TOKEN_ADDRESS_ABS ? symbols.describe(std::strtoull(value, nullptr, 16)) : value;
                }
            } while (ZYAN_SUCCESS(ZydisFormatterTokenNext(&token)));
            result.push_back(std::move(text));
        }
        return result;
    }
};
#endif

/// One element for each instruction; empty without a disassembler.
template <class Target = arch::here>
[[nodiscard]] std::vector<std::string> disassemble(const std::vector<std::uint8_t>& bytes, address at,
                                                   const symbols& symbols) {
    return disassembler<Target>::text_of(bytes, at, symbols);
}

} // namespace report
} // namespace inlay
