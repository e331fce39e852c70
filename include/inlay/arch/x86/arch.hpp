// SPDX-License-Identifier: BSL-1.0
//
// x86 as the architecture that arch/arch.hpp asks for.
#pragma once

#include "inlay/arch/x86/architecture.hpp"
#include "inlay/arch/x86/cpu.hpp"
#include "inlay/arch/x86/cpu_names.hpp"
#include "inlay/arch/x86/emit.hpp"
#include "inlay/arch/x86/insn.hpp"
#include "inlay/arch/x86/length.hpp"
#include "inlay/arch/x86/mnemonics.hpp"
#include "inlay/arch/x86/nops.hpp"
#include "inlay/arch/x86/patch.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace x86 {

inline namespace INLAY_TARGET {

/// Whether this processor has the feature that `words` encode (see `cpuid::encode`).
[[nodiscard]] inline bool has(const table::probe_words& words) noexcept {
    return holds(cpuid::decode(words), this_cpu{});
}

/// In place of a leaf: XCR0.
[[gnu::visibility("hidden")]] inline constexpr uint32_t ask_xcr0 = 0xffff'ffff;

/// The processor's answer to a seal's term: a register of a CPUID leaf, or the low half of XCR0. The first word is the
/// leaf. The second is the subleaf, and from bit 16 on the register's number in cpuid_result.
[[nodiscard]] inline uint32_t ask(const table::probe_words& words) noexcept {
    if (words.word[0] == ask_xcr0) {
        return static_cast<uint32_t>(emit::xgetbv());
    }
    const emit::cpuid_result result = emit::cpuid(words.word[0], words.word[1] & 0xffffU);
    return (&result.eax)[words.word[1] >> 16];
}

} // namespace INLAY_TARGET

} // namespace x86
} // namespace inlay
