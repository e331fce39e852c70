// SPDX-License-Identifier: BSL-1.0
//
// AArch64 as the architecture that arch/arch.hpp asks for.
#pragma once

#include "inlay/arch/aarch64/architecture.hpp"
#include "inlay/arch/aarch64/cpu.hpp"
#include "inlay/arch/aarch64/cpu_names.hpp"
#include "inlay/arch/aarch64/emit.hpp"
#include "inlay/arch/aarch64/insn.hpp"
#include "inlay/arch/aarch64/length.hpp"
#include "inlay/arch/aarch64/mnemonics.hpp"
#include "inlay/arch/aarch64/nops.hpp"
#include "inlay/arch/aarch64/patch.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64 {

inline namespace INLAY_TARGET {

/// Whether this processor has the feature that `words` encode (see `id_field::encode`, `midr_range::encode`).
[[nodiscard]] inline bool has(const table::probe_words& words) noexcept {
    return midr_range::is_encoded(words) ? holds(midr_range::decode(words), this_cpu{})
                                         : holds(any_id_field::decode(words), this_cpu{});
}

/// The processor's answer to a seal's term: 1 if it has the feature that `words` encode.
[[nodiscard]] inline uint32_t ask(const table::probe_words& words) noexcept { return has(words) ? 1 : 0; }

/// Text may be mapped with a guard: PROT_BTI, by which an indirect branch arrives at a landing pad or faults. The
/// image's program header PT_GNU_PROPERTY (`size` bytes at `notes`) says whether the loader has done so. Returns the
/// flag for mprotect().
inline constexpr bool guards_text = true;
[[nodiscard]] inline int guard_of_text(const uint8_t* notes, size_t size) noexcept {
    constexpr size_t header = 16;             // 4, the size, NT_GNU_PROPERTY_TYPE_0, "GNU"
    constexpr uint32_t property = 0xc0000000; // GNU_PROPERTY_AARCH64_FEATURE_1_AND: bit 0 is BTI
    constexpr int prot_bti = 0x10;
    if (!has(inlay::cpu.bti.probe().encode()) || size < header || load32(notes) != 4 || load32(notes + 8) != 5) {
        return 0;
    }
    for (size_t at = header; at + 12 <= size; at += 8 + ((load32(notes + at + 4) + size_t{7}) & ~size_t{7})) {
        if (load32(notes + at) == property) {
            return (load32(notes + at + 8) & 1U) != 0 ? prot_bti : 0;
        }
    }
    return 0;
}

} // namespace INLAY_TARGET

} // namespace aarch64
} // namespace inlay
