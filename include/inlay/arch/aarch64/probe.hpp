// SPDX-License-Identifier: BSL-1.0
//
// probe: how a feature of AArch64 is found: fields of ID registers, bits of the hwcaps, revisions of a part.
//
//     inlay::aarch64::holds(inlay::aarch64::id_field{id_register::isar0, 16, 1}, dump_of_a_cpu)      // on any machine
//
// How it works. A record has a probe as three words. Reading them executes no instruction of AArch64, so every machine
// can ask a dump of such a CPU. cpu.hpp explains the fields, and asks the CPU that runs the code.
#pragma once

#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64 {

/// The ID registers that features are read from, numbered CRm << 4 | op2 (op0 is 3, op1 and CRn are 0).
enum class id_register : uint8_t {
    none = 0,
    pfr0 = 0x40,  ///< ID_AA64PFR0_EL1
    pfr1 = 0x41,  ///< ID_AA64PFR1_EL1
    pfr2 = 0x42,  ///< ID_AA64PFR2_EL1
    zfr0 = 0x44,  ///< ID_AA64ZFR0_EL1
    smfr0 = 0x45, ///< ID_AA64SMFR0_EL1
    fpfr0 = 0x47, ///< ID_AA64FPFR0_EL1
    dfr0 = 0x50,  ///< ID_AA64DFR0_EL1
    dfr1 = 0x51,  ///< ID_AA64DFR1_EL1
    isar0 = 0x60, ///< ID_AA64ISAR0_EL1
    isar1 = 0x61, ///< ID_AA64ISAR1_EL1
    isar2 = 0x62, ///< ID_AA64ISAR2_EL1
    isar3 = 0x63, ///< ID_AA64ISAR3_EL1
    mmfr0 = 0x70, ///< ID_AA64MMFR0_EL1
    mmfr1 = 0x71, ///< ID_AA64MMFR1_EL1
    mmfr2 = 0x72, ///< ID_AA64MMFR2_EL1
    mmfr3 = 0x73, ///< ID_AA64MMFR3_EL1
};

/// A bit of AT_HWCAP, AT_HWCAP2, AT_HWCAP3, as a probe names it: 1 more than its number of all.
[[nodiscard]] consteval uint8_t hwcap(unsigned bit) { return static_cast<uint8_t>(1 + bit); }
[[nodiscard]] consteval uint8_t hwcap2(unsigned bit) { return static_cast<uint8_t>(65 + bit); }
[[nodiscard]] consteval uint8_t hwcap3(unsigned bit) { return static_cast<uint8_t>(129 + bit); }

/// A probe: a field of an ID register, and the least value that means that the feature exists.
struct id_field {
    id_register reg{};
    uint8_t shift{};   ///< bit where the field of four bits begins
    uint8_t minimum{}; ///< 0 to 14
    uint8_t cap{};     ///< the bit of hwcaps that says the same to a program: hwcap(7); 0: none
    bool one_bit{};    ///< the field has one bit

    [[nodiscard]] constexpr uint32_t packed() const noexcept {
        return static_cast<uint32_t>(reg) | uint32_t{shift} << 8 | uint32_t{one_bit} << 14 | uint32_t{minimum} << 16 |
               uint32_t{cap} << 24;
    }

    /// How a feature_record carries the probe.
    [[nodiscard]] constexpr table::probe_words encode() const noexcept { return {{packed(), 0, 0}}; }

    [[nodiscard, gnu::always_inline]] static constexpr id_field decode(uint32_t word) noexcept {
        return {static_cast<id_register>(word & 0xffU), static_cast<uint8_t>(word >> 8 & 63U),
                static_cast<uint8_t>(word >> 16 & 15U), static_cast<uint8_t>(word >> 24), (word >> 14 & 1U) != 0};
    }

    friend constexpr bool operator==(const id_field&, const id_field&) = default;
};

/// A field of one bit.
[[nodiscard]] consteval id_field id_bit(id_register reg, uint8_t shift, uint8_t cap = 0) {
    return {reg, shift, 1, cap, true};
}

/// A probe: any of up to three fields. (One feature may come with one of several algorithms.) `first` has the bit of
/// the hwcaps for all three.
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

/// A probe: revisions of a part, by MIDR_EL1. A revision r1p2 is 0x12: the variant, then the revision.
struct midr_range {
    uint8_t implementer{}; ///< 0x41: Arm
    uint16_t part{};       ///< 12 bits
    uint8_t first{0x00};
    uint8_t last{0xff}; ///< this one included

    /// Bit 15 of the first word says that it is no field.
    [[nodiscard]] constexpr table::probe_words encode() const noexcept {
        return {{1U << 15, uint32_t{implementer} << 16 | part, uint32_t{first} << 8 | last}};
    }
    [[nodiscard, gnu::always_inline]] static constexpr bool is_encoded(const table::probe_words& words) noexcept {
        return (words.word[0] >> 15 & 1U) != 0;
    }
    [[nodiscard, gnu::always_inline]] static constexpr midr_range decode(const table::probe_words& words) noexcept {
        return {static_cast<uint8_t>(words.word[1] >> 16), static_cast<uint16_t>(words.word[1]),
                static_cast<uint8_t>(words.word[2] >> 8), static_cast<uint8_t>(words.word[2])};
    }

    [[nodiscard]] constexpr bool contains(uint64_t midr) const noexcept {
        const auto revision = static_cast<unsigned>((midr >> 20 & 15U) << 4 | (midr & 15U));
        return (midr >> 24 & 0xffU) == implementer && (midr >> 4 & 0xfffU) == part && revision >= first &&
               revision <= last;
    }

    friend constexpr bool operator==(const midr_range&, const midr_range&) = default;
};

/// True if the CPU described by `source` has the feature. `source` supplies `id(id_register) -> uint64_t`, so that a
/// dump of another CPU does as well as `this_cpu{}`; it may have `hwcap(unsigned number) -> bool`, which then decides,
/// and `bool shows_ids()`. Pure, except for `source`.
template <class Source>
[[nodiscard]] constexpr bool holds(id_field probe, const Source& source) {
    if constexpr (requires { source.hwcap(0U); }) {
        if (probe.cap != 0) {
            return source.hwcap(probe.cap - 1U);
        }
    }
    if constexpr (requires { source.shows_ids(); }) {
        if (!source.shows_ids()) {
            return false;
        }
    }
    if (probe.reg == id_register::none) {
        return false;
    }
    // With SME alone, ID_AA64ZFR0_EL1 describes SVE in streaming mode; outside of it, the processor has no SVE.
    if ((probe.reg == id_register::zfr0 && !holds(id_field{id_register::pfr0, 32, 1}, source)) ||
        (probe.reg == id_register::smfr0 && !holds(id_field{id_register::pfr1, 24, 1}, source))) {
        return false;
    }
    const auto value = static_cast<unsigned>(source.id(probe.reg) >> probe.shift & (probe.one_bit ? 1U : 15U));
    return value >= probe.minimum && value != 15;
}
template <class Source>
[[nodiscard]] constexpr bool holds(const any_id_field& probe, const Source& source) {
    if constexpr (requires { source.hwcap(0U); }) {
        if (probe.first.cap != 0) {
            return source.hwcap(probe.first.cap - 1U);
        }
    }
    return holds(probe.first, source) || holds(probe.second, source) || holds(probe.third, source);
}

/// `source` supplies `any_is_in(const midr_range&) -> bool`.
template <class Source>
[[nodiscard]] constexpr bool holds(const midr_range& probe, const Source& source) {
    return source.any_is_in(probe);
}

} // namespace aarch64
} // namespace inlay
