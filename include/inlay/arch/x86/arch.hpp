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

} // namespace INLAY_TARGET

} // namespace x86
} // namespace inlay
