// SPDX-License-Identifier: BSL-1.0
//
// cpu: the features of AArch64 CPUs, under the names that Linux shows in /proc/cpuinfo.
//
//     inlay::alternative<call<&sw_crc32>(), when<cpu.crc32, crc32x(w0, w0, x1)>> crc;
//     if (inlay::aarch64::has(inlay::cpu.sve2.probe().encode())) ...
//
// How it works. `inlay::cpu` is an object with one empty member a feature; a feature's type holds its name and
// where the ID registers show it. Each shows features in fields of four bits, and more means more: a feature
// is there if its field has at least a given value. 15 says "absent" in fields whose 0 says "there" (fp,
// asimd) and "of some other kind" (PMUVer); no field uses it to say more.
//
// The registers belong to EL1. A kernel reads the CPU's own; in a program, Linux (since 4.11, HWCAP_CPUID)
// answers in their place, and shows what all CPUs have and what programs may use.
//
// References are to the Arm Architecture Reference Manual (DDI 0487), section D19.2, and to Linux's
// Documentation/arch/arm64/elf_hwcaps.rst.
#pragma once

#include "inlay/arch/aarch64/emit.hpp"
#include "inlay/feature.hpp"
#include "inlay/table.hpp"

#include <cstdint>

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64 {

using id_register = emit::id_register;

/// A probe: a field of an ID register, and the least value that says that the feature is there.
struct id_field {
    id_register reg{};
    std::uint8_t shift{};   ///< bit where the field of four bits begins
    std::uint8_t minimum{}; ///< 0 to 14

    [[nodiscard]] constexpr std::uint32_t packed() const noexcept {
        return static_cast<std::uint32_t>(reg) | std::uint32_t{shift} << 8 | std::uint32_t{minimum} << 16;
    }

    /// How a feature_record carries the probe.
    [[nodiscard]] constexpr table::probe_words encode() const noexcept { return {{packed(), 0, 0}}; }

    [[nodiscard, gnu::always_inline]] static constexpr id_field decode(std::uint32_t word) noexcept {
        return {static_cast<id_register>(word & 0xffU), static_cast<std::uint8_t>(word >> 8 & 63U),
                static_cast<std::uint8_t>(word >> 16 & 15U)};
    }

    friend constexpr bool operator==(const id_field&, const id_field&) = default;
};

/// A probe: any of up to three fields. (One feature may come with one of several algorithms.)
struct any_id_field {
    id_field first{}, second{}, third{};

    [[nodiscard]] constexpr table::probe_words encode() const noexcept {
        return {{first.packed(), second.packed(), third.packed()}};
    }

    [[nodiscard, gnu::always_inline]] static constexpr any_id_field decode(const table::probe_words& words) noexcept {
        return {id_field::decode(words.word[0]), id_field::decode(words.word[1]), id_field::decode(words.word[2])};
    }

    friend constexpr bool operator==(const any_id_field&, const any_id_field&) = default;
};

/// True if the CPU behind `source` has the feature. `source` supplies `id(id_register) -> std::uint64_t`, so that
/// a dump of another CPU does as well as `this_cpu{}`. Pure but for `source`.
template <class Source>
[[nodiscard]] constexpr bool holds(id_field probe, const Source& source) {
    if (probe.reg == id_register::none) {
        return false;
    }
    // With SME alone, ID_AA64ZFR0_EL1 tells what SVE can do in streaming mode; outside of it there is none.
    if (probe.reg == id_register::zfr0 && !holds(id_field{id_register::pfr0, 32, 1}, source)) {
        return false;
    }
    const auto value = static_cast<unsigned>(source.id(probe.reg) >> probe.shift & 15U);
    return value >= probe.minimum && value != 15;
}
template <class Source>
[[nodiscard]] constexpr bool holds(const any_id_field& probe, const Source& source) {
    return holds(probe.first, source) || holds(probe.second, source) || holds(probe.third, source);
}

/// The CPU that runs the code, as its ID registers describe it at this exception level.
struct this_cpu {
    [[nodiscard, gnu::always_inline]] static std::uint64_t id(id_register which) noexcept { return emit::read(which); }
};

/// All of them, by register.
struct cpu_features {
    // ID_AA64PFR0_EL1
    feature<"fp", id_field{id_register::pfr0, 16, 0}> fp;
    feature<"fphp", id_field{id_register::pfr0, 16, 1}> fphp;
    feature<"asimd", id_field{id_register::pfr0, 20, 0}> asimd;
    feature<"asimdhp", id_field{id_register::pfr0, 20, 1}> asimdhp;
    feature<"gicv3", id_field{id_register::pfr0, 24, 1}> gicv3;     // Linux: not shown; programs see 0. ICC registers
    feature<"gicv4p1", id_field{id_register::pfr0, 24, 3}> gicv4p1; // Linux: not shown; programs see 0
    feature<"sve", id_field{id_register::pfr0, 32, 1}> sve;
    feature<"dit", id_field{id_register::pfr0, 48, 1}> dit;

    // ID_AA64PFR1_EL1
    feature<"bti", id_field{id_register::pfr1, 0, 1}> bti;
    feature<"ssbs", id_field{id_register::pfr1, 4, 2}> ssbs;
    feature<"mte", id_field{id_register::pfr1, 8, 2}> mte;
    feature<"mte3", id_field{id_register::pfr1, 8, 3}> mte3;
    feature<"sme", id_field{id_register::pfr1, 24, 1}> sme;

    // ID_AA64ISAR0_EL1
    feature<"aes", id_field{id_register::isar0, 4, 1}> aes;
    feature<"pmull", id_field{id_register::isar0, 4, 2}> pmull;
    feature<"sha1", id_field{id_register::isar0, 8, 1}> sha1;
    feature<"sha2", id_field{id_register::isar0, 12, 1}> sha2;
    feature<"sha512", id_field{id_register::isar0, 12, 2}> sha512;
    feature<"crc32", id_field{id_register::isar0, 16, 1}> crc32;
    feature<"atomics", id_field{id_register::isar0, 20, 2}> atomics; // manual: FEAT_LSE
    feature<"lse128", id_field{id_register::isar0, 20, 3}> lse128;
    feature<"asimdrdm", id_field{id_register::isar0, 28, 1}> asimdrdm;
    feature<"sha3", id_field{id_register::isar0, 32, 1}> sha3;
    feature<"sm3", id_field{id_register::isar0, 36, 1}> sm3;
    feature<"sm4", id_field{id_register::isar0, 40, 1}> sm4;
    feature<"asimddp", id_field{id_register::isar0, 44, 1}> asimddp;
    feature<"asimdfhm", id_field{id_register::isar0, 48, 1}> asimdfhm;
    feature<"flagm", id_field{id_register::isar0, 52, 1}> flagm;
    feature<"flagm2", id_field{id_register::isar0, 52, 2}> flagm2;
    feature<"rng", id_field{id_register::isar0, 60, 1}> rng;

    // ID_AA64ISAR1_EL1; pointer authentication also in ID_AA64ISAR2_EL1
    feature<"dcpop", id_field{id_register::isar1, 0, 1}> dcpop;
    feature<"dcpodp", id_field{id_register::isar1, 0, 2}> dcpodp;
    feature<"paca", any_id_field{{id_register::isar1, 4, 1}, {id_register::isar1, 8, 1}, {id_register::isar2, 12, 1}}>
        paca;
    feature<"pacg", any_id_field{{id_register::isar1, 24, 1}, {id_register::isar1, 28, 1}, {id_register::isar2, 8, 1}}>
        pacg;
    feature<"jscvt", id_field{id_register::isar1, 12, 1}> jscvt;
    feature<"fcma", id_field{id_register::isar1, 16, 1}> fcma;
    feature<"lrcpc", id_field{id_register::isar1, 20, 1}> lrcpc;
    feature<"ilrcpc", id_field{id_register::isar1, 20, 2}> ilrcpc;
    feature<"lrcpc3", id_field{id_register::isar1, 20, 3}> lrcpc3;
    feature<"frint", id_field{id_register::isar1, 32, 1}> frint;
    feature<"sb", id_field{id_register::isar1, 36, 1}> sb;
    feature<"bf16", id_field{id_register::isar1, 44, 1}> bf16;
    feature<"ebf16", id_field{id_register::isar1, 44, 2}> ebf16;
    feature<"dgh", id_field{id_register::isar1, 48, 1}> dgh;
    feature<"i8mm", id_field{id_register::isar1, 52, 1}> i8mm;

    // ID_AA64ISAR2_EL1
    feature<"wfxt", id_field{id_register::isar2, 0, 2}> wfxt;
    feature<"rpres", id_field{id_register::isar2, 4, 1}> rpres;
    feature<"mops", id_field{id_register::isar2, 16, 1}> mops;
    feature<"hbc", id_field{id_register::isar2, 20, 1}> hbc;
    feature<"rprfm", id_field{id_register::isar2, 48, 1}> rprfm;
    feature<"cssc", id_field{id_register::isar2, 52, 1}> cssc;

    // ID_AA64MMFR0_EL1, ID_AA64MMFR1_EL1, ID_AA64MMFR2_EL1
    feature<"ecv", id_field{id_register::mmfr0, 60, 1}> ecv;
    feature<"afp", id_field{id_register::mmfr1, 44, 1}> afp;
    feature<"uscat", id_field{id_register::mmfr2, 32, 1}> uscat;

    // ID_AA64ZFR0_EL1, and SVE in ID_AA64PFR0_EL1
    feature<"sve2", id_field{id_register::zfr0, 0, 1}> sve2;
    feature<"sve2p1", id_field{id_register::zfr0, 0, 2}> sve2p1;
    feature<"sveaes", id_field{id_register::zfr0, 4, 1}> sveaes;
    feature<"svepmull", id_field{id_register::zfr0, 4, 2}> svepmull;
    feature<"svebitperm", id_field{id_register::zfr0, 16, 1}> svebitperm;
    feature<"svebf16", id_field{id_register::zfr0, 20, 1}> svebf16;
    feature<"svesha3", id_field{id_register::zfr0, 32, 1}> svesha3;
    feature<"svesm4", id_field{id_register::zfr0, 40, 1}> svesm4;
    feature<"svei8mm", id_field{id_register::zfr0, 44, 1}> svei8mm;
    feature<"svef32mm", id_field{id_register::zfr0, 52, 1}> svef32mm;
    feature<"svef64mm", id_field{id_register::zfr0, 56, 1}> svef64mm;

    // ID_AA64DFR0_EL1. Linux: not shown; programs see 0. (15: a PMU of another kind, without PMCR_EL0.)
    feature<"pmuv3", id_field{id_register::dfr0, 8, 1}> pmuv3;
    feature<"pmuv3p1", id_field{id_register::dfr0, 8, 4}> pmuv3p1; // 16-bit event numbers
    feature<"pmuv3p4", id_field{id_register::dfr0, 8, 5}> pmuv3p4; // PMMIR_EL1
    feature<"pmuv3p5", id_field{id_register::dfr0, 8, 6}> pmuv3p5; // event counters of 64 bits
    feature<"pmuv3p7", id_field{id_register::dfr0, 8, 7}> pmuv3p7; // freezing on overflow
    feature<"pmuv3p8", id_field{id_register::dfr0, 8, 8}> pmuv3p8;
    feature<"pmuv3p9", id_field{id_register::dfr0, 8, 9}> pmuv3p9; // access by programs to each counter
};

} // namespace aarch64

/// The features of the CPU at hand: `when<cpu.crc32 && !cpu.sve2, ...>`.
inline constexpr aarch64::cpu_features cpu{};

} // namespace inlay
