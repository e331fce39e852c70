// SPDX-License-Identifier: BSL-1.0
//
// probe: how a feature of x86 is found: a bit of CPUID, and the state of registers that the OS saves.
//
//     inlay::x86::holds(inlay::x86::cpuid{7, 0, ebx, 5, xstate::avx}, dump_of_a_cpu)     // on any machine
//
// How it works. A record has a probe as three words. Reading them executes no instruction of x86, so every machine can
// ask a dump of such a CPU. cpu.hpp explains leaves and XCR0, and asks the CPU that runs the code.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/arch/x86/registers.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace x86 {

/// A probe: one bit of CPUID, and the state that the OS must have enabled for the bit to count.
struct cpuid {
    uint32_t leaf{};
    uint16_t subleaf{};
    reg32 reg{};
    uint8_t bit{};   ///< 0 to 31
    uint32_t xcr0{}; ///< bits of XCR0 that must all be set; 0 if the feature needs no state (see xstate)

    /// How a feature_record carries the probe.
    [[nodiscard]] constexpr table::probe_words encode() const noexcept {
        const auto where = uint32_t{subleaf} | uint32_t{reg.number} << 16 | uint32_t{bit} << 24;
        return {{leaf, where, xcr0}};
    }

    [[nodiscard, gnu::always_inline]] static constexpr cpuid decode(table::probe_words words) noexcept {
        const uint32_t where = words.word[1];
        return {words.word[0], static_cast<uint16_t>(where), reg32{static_cast<uint8_t>(where >> 16 & 3U)},
                static_cast<uint8_t>(where >> 24 & 31U), words.word[2]};
    }

    friend constexpr bool operator==(const cpuid&, const cpuid&) = default;
};

/// Bits of XCR0 that a feature needs (Intel SDM volume 1, section 13.1, and the chapters on detection).
namespace xstate {
inline constexpr uint32_t avx = 1U << 1 | 1U << 2;                    ///< XMM, upper half of YMM
inline constexpr uint32_t mpx = 1U << 3 | 1U << 4;                    ///< BNDREGS, BNDCSR
inline constexpr uint32_t avx512 = avx | 1U << 5 | 1U << 6 | 1U << 7; ///< opmask, ZMM_Hi256, Hi16_ZMM
inline constexpr uint32_t amx = 1U << 17 | 1U << 18;                  ///< TILECFG, TILEDATA
inline constexpr uint32_t apx = 1U << 19;                             ///< r16 to r31
} // namespace xstate

namespace detail {
inline namespace INLAY_TARGET {

/// `Result` has the registers of CPUID as eax, ebx, ecx, edx.
template <class Result>
[[nodiscard]] constexpr bool bit_of(const Result& result, reg32 reg, unsigned bit) noexcept {
    const uint32_t value = reg == eax ? result.eax : reg == ebx ? result.ebx : reg == ecx ? result.ecx : result.edx;
    return (value >> bit & 1U) != 0;
}

/// Whether the CPU lists subleaf `subleaf` of a leaf that it has. Leaves that list nothing return 0 in the
/// subleaves that they lack, so those need no check.
template <class Source>
[[nodiscard]] constexpr bool lists_subleaf(uint32_t leaf, uint32_t subleaf, const Source& source) {
    if (subleaf == 0) {
        return true;
    }
    switch (leaf) {
    case 0x07: // EAX is the highest subleaf
        return subleaf <= source.cpuid(leaf, 0).eax;
    case 0x0f: // EDX has a bit for each resource that can be monitored
        return subleaf < 32 && (source.cpuid(leaf, 0).edx >> subleaf & 1U) != 0;
    case 0x10: // EBX has a bit for each resource that can be allocated
        return subleaf < 32 && (source.cpuid(leaf, 0).ebx >> subleaf & 1U) != 0;
    default:
        return true;
    }
}

} // namespace INLAY_TARGET

} // namespace detail

inline namespace INLAY_TARGET {

/// True if the CPU described by `source` has the feature. `source` supplies
///     cpuid(leaf, subleaf)               the registers that CPUID returns: eax, ebx, ecx, edx
///     xcr0() -> uint64_t                 asked only if CPUID says OSXSAVE
/// so that a dump of another CPU works as well as `this_cpu{}`. Pure, except for `source`.
template <class Source>
[[nodiscard]] constexpr bool holds(cpuid probe, const Source& source) {
    // Leaves come in ranges of 65,536 (basic 0, extended 0x8000'0000, Centaur 0xc000'0000). The first leaf of
    // each names the last; where the range is missing, the answer lies outside of it.
    const uint32_t first = probe.leaf & 0xffff'0000U;
    const uint32_t last = source.cpuid(first, 0U).eax;
    if ((last & 0xffff'0000U) != first || probe.leaf > last ||
        !detail::lists_subleaf(probe.leaf, probe.subleaf, source) ||
        !detail::bit_of(source.cpuid(probe.leaf, probe.subleaf), probe.reg, probe.bit)) {
        return false;
    }
    if (probe.xcr0 == 0) {
        return true;
    }
    // XGETBV is an invalid opcode until the OS has set CR4.OSXSAVE; leaf 1 mirrors it.
    return detail::bit_of(source.cpuid(1U, 0U), ecx, 27) && (source.xcr0() & probe.xcr0) == probe.xcr0;
}

} // namespace INLAY_TARGET

} // namespace x86
} // namespace inlay
