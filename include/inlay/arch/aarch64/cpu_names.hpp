// SPDX-License-Identifier: BSL-1.0
//
// cpu_names: the names of `inlay::cpu` as text, so that an override may name a feature that no site uses.
//
//     inlay::aarch64::is_feature_name("crc32", 5)
//
// How it works. The list repeats the names in cpu.hpp; tests/aarch64/run.sh compares the two.
#pragma once

#include "inlay/name.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64 {

/// Every name of cpu_features, in the order of declaration, between blanks.
inline constexpr char feature_names[] = // NOLINT(*-avoid-c-arrays)
    " fp fphp asimd asimdhp gicv3 gicv4p1 sve dit bti ssbs mte mte3 sme gcs mtestoreonly mtefar fpmr "
    "aes pmull sha1 sha2 sha512 crc32 atomics lse128 asimdrdm sha3 sm3 sm4 asimddp asimdfhm flagm "
    "flagm2 rng dcpop dcpodp paca pacg jscvt fcma lrcpc ilrcpc lrcpc3 frint sb bf16 ebf16 dgh i8mm "
    "ls64 wfxt rpres mops hbc rprfm cssc cmpbr lut faminmax lsfe fprcvt ecv afp uscat poe evtstrm "
    "cpuid sve2 sve2p1 sve2p2 sveaes svepmull sveaes2 sveeltperm svebitperm svebf16 sveebf16 "
    "sveb16b16 svebfscale svesha3 svesm4 svei8mm svef16mm svef32mm svef64mm sme2 sme2p1 sme2p2 "
    "smesmop4 smestmop smesfexpa smeaes smesbitperm smesf8dp2 smesf8dp4 smesf8fma smef32f32 "
    "smebi32i32 smeb16f32 smef16f32 smei8i32 smef8f32 smef8f16 smef16f16 smeb16b16 smei16i32 "
    "smef64f64 smei16i64 smelutv2 smefa64 f8e5m2 f8e4m3 f8mm4 f8mm8 f8dp2 f8dp4 f8fma f8cvt pmuv3 "
    "pmuv3p1 pmuv3p4 pmuv3p5 pmuv3p7 pmuv3p8 pmuv3p9 ";

/// Whether the `length` characters at `name` are one of them.
[[nodiscard]] constexpr bool is_feature_name(const char* name, size_t length) noexcept {
    return inlay::detail::is_word_of(feature_names, name, length);
}

} // namespace aarch64
} // namespace inlay
