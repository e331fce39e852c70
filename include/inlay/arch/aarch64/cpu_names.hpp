// SPDX-License-Identifier: BSL-1.0
//
// cpu_names: the names of `inlay::cpu` as text, so that an override may name a feature that no site uses.
//
//     inlay::aarch64::is_feature_name("crc32", 5)
//
// How it works. The list repeats what cpu.hpp declares; tests/aarch64/run.sh holds the two together.
#pragma once

#include "inlay/name.hpp"

#include <cstddef>

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64 {

/// Every name of cpu_features, in the order of declaration, between blanks.
inline constexpr char feature_names[] = // NOLINT(*-avoid-c-arrays)
    " fp fphp asimd asimdhp gicv3 gicv4p1 sve dit bti ssbs mte mte3 sme aes pmull sha1 sha2 sha512 "
    "crc32 atomics lse128 asimdrdm sha3 sm3 sm4 asimddp asimdfhm flagm flagm2 rng dcpop dcpodp paca "
    "pacg jscvt fcma lrcpc ilrcpc lrcpc3 frint sb bf16 ebf16 dgh i8mm wfxt rpres mops hbc rprfm cssc "
    "ecv afp uscat sve2 sve2p1 sveaes svepmull svebitperm svebf16 svesha3 svesm4 svei8mm svef32mm "
    "svef64mm pmuv3 pmuv3p1 pmuv3p4 pmuv3p5 pmuv3p7 pmuv3p8 pmuv3p9 ";

/// Whether the `length` characters at `name` are one of them.
[[nodiscard]] constexpr bool is_feature_name(const char* name, std::size_t length) noexcept {
    return inlay::detail::is_word_of(feature_names, name, length);
}

} // namespace aarch64
} // namespace inlay
