// SPDX-License-Identifier: BSL-1.0
//
// disassembly: bytes as text, for every architecture.
//
//     for (const auto& line : inlay::check::disassemble(program, form.bytes(), site.at)) ...
//
// How it works. report/disassembly.hpp does it for x86, by Zydis. This header gives it a disassembler for AArch64, by
// Capstone: a program that includes it has AArch64's instructions in its reports on files.
#pragma once

#include "inlay/check/decoder.hpp"
#include "inlay/check/program.hpp"
#include "inlay/report/disassembly.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <capstone/capstone.h>

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {

template <>
struct disassembler<aarch64::target> {
    [[nodiscard]] static std::vector<std::string> text_of(const std::vector<std::uint8_t>& bytes, address at,
                                                          const symbols& symbols) {
        std::vector<std::string> result;
        const session open;
        for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4) {
            const std::uint8_t* from = bytes.data() + i;
            std::size_t left = 4;
            std::uint64_t here = at + i;
            if (open.found == nullptr || !cs_disasm_iter(open.handle, &from, &left, &here, open.found)) {
                std::uint32_t word = 0;
                std::memcpy(&word, bytes.data() + i, sizeof word);
                result.push_back(".inst " + detail::hex(word));
                continue;
            }
            std::string text = open.found->mnemonic;
            if (*open.found->op_str != '\0') {
                text += std::string{" "} + open.found->op_str;
            }
            const auto decoded = check::detail::decode_aarch64(bytes.data() + i, 4, at + i);
            const std::size_t number = text.rfind("#0x");
            if (decoded.target != 0 && number != std::string::npos) {
                text = text.substr(0, number) + symbols.describe(decoded.target);
            }
            result.push_back(std::move(text));
        }
        return result;
    }

private:
    struct session {
        csh handle{};
        bool good{};
        cs_insn* found{};

        session()
            : good{cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &handle) == CS_ERR_OK},
              found{good ? cs_malloc(handle) : nullptr} {}
        session(const session&) = delete;
        session(session&&) = delete;
        session& operator=(const session&) = delete;
        session& operator=(session&&) = delete;
        ~session() {
            if (found != nullptr) {
                cs_free(found, 1);
            }
            cs_close(&handle);
        }
    };
};

} // namespace report

namespace check {

/// One element for each instruction of `bytes`, which stand at `at`.
[[nodiscard]] inline std::vector<std::string> disassemble(const program& program, std::span<const std::uint8_t> bytes,
                                                          std::uint64_t at) {
    const std::vector<std::uint8_t> copy{bytes.begin(), bytes.end()};
    switch (program.machine()) {
    case machine::x86_64:
        return report::disassemble<x86::target<64>>(copy, at, program.symbols());
    case machine::i386:
        return report::disassemble<x86::target<32>>(copy, at, program.symbols());
    default:
        return report::disassemble<aarch64::target>(copy, at, program.symbols());
    }
}

/// The same on one line: "mfence; nop".
[[nodiscard]] inline std::string line_of(const program& program, std::span<const std::uint8_t> bytes,
                                         std::uint64_t at) {
    std::string text;
    for (const auto& each : disassemble(program, bytes, at)) {
        text += (text.empty() ? "" : "; ") + each;
    }
    return text;
}

} // namespace check
} // namespace inlay
