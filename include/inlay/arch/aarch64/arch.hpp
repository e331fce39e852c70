// SPDX-License-Identifier: BSL-1.0
//
// AArch64 as the architecture that arch/arch.hpp asks for.
#pragma once

#include "inlay/arch/aarch64/cpu.hpp"
#include "inlay/arch/aarch64/cpu_names.hpp"
#include "inlay/arch/aarch64/emit.hpp"
#include "inlay/arch/aarch64/insn.hpp"
#include "inlay/arch/aarch64/length.hpp"
#include "inlay/arch/aarch64/nops.hpp"
#include "inlay/arch/aarch64/patch.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64 {

inline namespace INLAY_TARGET {

/// Whether this processor has the feature that `words` encode (see `id_field::encode`, `midr_range::encode`).
[[nodiscard]] inline bool has(const table::probe_words& words) noexcept {
    return midr_range::is_encoded(words) ? holds(midr_range::decode(words), this_cpu{})
                                         : holds(any_id_field::decode(words), this_cpu{});
}

} // namespace INLAY_TARGET

} // namespace aarch64
} // namespace inlay
