// SPDX-License-Identifier: BSL-1.0
//
// system_registers: the system registers of AArch64 by name, as operands of mrs and msr.
//
//     using namespace inlay::aarch64::insn;
//     inlay::alternative<mov(x0, 1023), when<cpu.gicv3, mrs(x0, icc_iar1_el1)>> acknowledge;
//     constexpr auto other = system_register::numbered(3, 0, 15, 2, 1);      // S3_0_C15_C2_1
//
// How it works. A register is the number that mrs and msr hold: op0, op1, CRn, CRm and op2, as the manual prints them.
// The names are the manual's, in small letters. A register that is read only, or written only, says so, and the other
// instruction does not compile. A register that only some processors have names its group: read<...>() and
// write<...>() in system.hpp ask for a proof of the group's feature. (A code does not: it is chosen by its `when`.)
//
// References are to the Arm Architecture Reference Manual (DDI 0487), chapter D19, and to the GIC specification
// (IHI 0069), section 12.2.
#pragma once

#include "inlay/requirements.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64 {

/// The feature that comes with a system register.
enum class register_group : uint8_t {
    every, ///< every processor has it, or it is not known which do
    pmu,   ///< feature `pmuv3`
    gic,   ///< feature `gicv3`
};

/// The accesses that a system register allows.
enum class register_access : uint8_t { both, read_only, write_only };

struct system_register {
    uint16_t number; ///< bits 20:5 of mrs and msr
    register_access access{register_access::both};
    register_group group{register_group::every};

    /// S<op0>_<op1>_C<CRn>_C<CRm>_<op2>
    [[nodiscard]] static constexpr system_register numbered(unsigned op0, unsigned op1, unsigned crn, unsigned crm,
                                                            unsigned op2) noexcept {
        return {static_cast<uint16_t>(op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2)};
    }
    [[nodiscard]] constexpr system_register reads_only() const noexcept {
        return {number, register_access::read_only, group};
    }
    [[nodiscard]] constexpr system_register writes_only() const noexcept {
        return {number, register_access::write_only, group};
    }
    [[nodiscard]] constexpr system_register of(register_group with) const noexcept { return {number, access, with}; }

    friend constexpr bool operator==(system_register, system_register) = default;
};

/// Fields of PSTATE that msr sets to an immediate.
enum class pstate : uint8_t {
    uao = 0 << 3 | 3,     ///< the numbers are op1 and op2
    pan = 0 << 3 | 4,     ///< feature of ARMv8.1
    spsel = 0 << 3 | 5,   ///< 1: the stack pointer is that of the exception level
    ssbs = 3 << 3 | 1,    ///< feature `ssbs`
    dit = 3 << 3 | 2,     ///< feature `dit`
    daifset = 3 << 3 | 6, ///< masks: 8 debug exceptions, 4 SError, 2 IRQ, 1 FIQ
    daifclr = 3 << 3 | 7, ///< unmasks the same
};

/// Operations on the data cache by address.
enum class data_cache : uint8_t {
    ivac,  ///< invalidate, to the point of coherency; EL1
    cvac,  ///< clean, to the point of coherency
    cvau,  ///< clean, to the point of unification
    civac, ///< clean and invalidate, to the point of coherency
    zva,   ///< zero a block
};

namespace insn {

using aarch64::data_cache, aarch64::pstate, aarch64::system_register;

// ---- Identification.

inline constexpr auto midr_el1 = system_register::numbered(3, 0, 0, 0, 0).reads_only();
inline constexpr auto mpidr_el1 = system_register::numbered(3, 0, 0, 0, 5).reads_only();
inline constexpr auto revidr_el1 = system_register::numbered(3, 0, 0, 0, 6).reads_only();
inline constexpr auto id_aa64pfr0_el1 = system_register::numbered(3, 0, 0, 4, 0).reads_only();
inline constexpr auto id_aa64pfr1_el1 = system_register::numbered(3, 0, 0, 4, 1).reads_only();
inline constexpr auto id_aa64zfr0_el1 = system_register::numbered(3, 0, 0, 4, 4).reads_only();
inline constexpr auto id_aa64dfr0_el1 = system_register::numbered(3, 0, 0, 5, 0).reads_only();
inline constexpr auto id_aa64dfr1_el1 = system_register::numbered(3, 0, 0, 5, 1).reads_only();
inline constexpr auto id_aa64isar0_el1 = system_register::numbered(3, 0, 0, 6, 0).reads_only();
inline constexpr auto id_aa64isar1_el1 = system_register::numbered(3, 0, 0, 6, 1).reads_only();
inline constexpr auto id_aa64isar2_el1 = system_register::numbered(3, 0, 0, 6, 2).reads_only();
inline constexpr auto id_aa64mmfr0_el1 = system_register::numbered(3, 0, 0, 7, 0).reads_only();
inline constexpr auto id_aa64mmfr1_el1 = system_register::numbered(3, 0, 0, 7, 1).reads_only();
inline constexpr auto id_aa64mmfr2_el1 = system_register::numbered(3, 0, 0, 7, 2).reads_only();
inline constexpr auto clidr_el1 = system_register::numbered(3, 1, 0, 0, 1).reads_only();
inline constexpr auto ctr_el0 = system_register::numbered(3, 3, 0, 0, 1).reads_only();
inline constexpr auto dczid_el0 = system_register::numbered(3, 3, 0, 0, 7).reads_only();

// ---- State, exceptions and memory.

inline constexpr auto currentel = system_register::numbered(3, 0, 4, 2, 2).reads_only();
inline constexpr auto daif = system_register::numbered(3, 3, 4, 2, 1);
inline constexpr auto nzcv = system_register::numbered(3, 3, 4, 2, 0);
inline constexpr auto spsel = system_register::numbered(3, 0, 4, 2, 0);
inline constexpr auto sp_el0 = system_register::numbered(3, 0, 4, 1, 0);
inline constexpr auto spsr_el1 = system_register::numbered(3, 0, 4, 0, 0);
inline constexpr auto elr_el1 = system_register::numbered(3, 0, 4, 0, 1);
inline constexpr auto esr_el1 = system_register::numbered(3, 0, 5, 2, 0);
inline constexpr auto far_el1 = system_register::numbered(3, 0, 6, 0, 0);
inline constexpr auto par_el1 = system_register::numbered(3, 0, 7, 4, 0);
inline constexpr auto isr_el1 = system_register::numbered(3, 0, 12, 1, 0).reads_only();
inline constexpr auto vbar_el1 = system_register::numbered(3, 0, 12, 0, 0);
inline constexpr auto sctlr_el1 = system_register::numbered(3, 0, 1, 0, 0);
inline constexpr auto actlr_el1 = system_register::numbered(3, 0, 1, 0, 1);
inline constexpr auto cpacr_el1 = system_register::numbered(3, 0, 1, 0, 2);
inline constexpr auto ttbr0_el1 = system_register::numbered(3, 0, 2, 0, 0);
inline constexpr auto ttbr1_el1 = system_register::numbered(3, 0, 2, 0, 1);
inline constexpr auto tcr_el1 = system_register::numbered(3, 0, 2, 0, 2);
inline constexpr auto mair_el1 = system_register::numbered(3, 0, 10, 2, 0);
inline constexpr auto contextidr_el1 = system_register::numbered(3, 0, 13, 0, 1);
inline constexpr auto tpidr_el0 = system_register::numbered(3, 3, 13, 0, 2);
inline constexpr auto tpidrro_el0 = system_register::numbered(3, 3, 13, 0, 3);
inline constexpr auto tpidr_el1 = system_register::numbered(3, 0, 13, 0, 4);
inline constexpr auto mdscr_el1 = system_register::numbered(2, 0, 0, 2, 2);
inline constexpr auto oslar_el1 = system_register::numbered(2, 0, 1, 0, 4).writes_only();
inline constexpr auto hcr_el2 = system_register::numbered(3, 4, 1, 1, 0);
inline constexpr auto mdcr_el2 = system_register::numbered(3, 4, 1, 1, 1);
inline constexpr auto cnthctl_el2 = system_register::numbered(3, 4, 14, 1, 0);

// ---- The generic timer.

inline constexpr auto cntfrq_el0 = system_register::numbered(3, 3, 14, 0, 0);
inline constexpr auto cntpct_el0 = system_register::numbered(3, 3, 14, 0, 1).reads_only();
inline constexpr auto cntvct_el0 = system_register::numbered(3, 3, 14, 0, 2).reads_only();
/// cntpct_el0 and cntvct_el0 in program order by themselves; feature `ecv`.
inline constexpr auto cntpctss_el0 = system_register::numbered(3, 3, 14, 0, 5).reads_only();
inline constexpr auto cntvctss_el0 = system_register::numbered(3, 3, 14, 0, 6).reads_only();
inline constexpr auto cntkctl_el1 = system_register::numbered(3, 0, 14, 1, 0);
inline constexpr auto cntp_tval_el0 = system_register::numbered(3, 3, 14, 2, 0);
inline constexpr auto cntp_ctl_el0 = system_register::numbered(3, 3, 14, 2, 1);
inline constexpr auto cntp_cval_el0 = system_register::numbered(3, 3, 14, 2, 2);
inline constexpr auto cntv_tval_el0 = system_register::numbered(3, 3, 14, 3, 0);
inline constexpr auto cntv_ctl_el0 = system_register::numbered(3, 3, 14, 3, 1);
inline constexpr auto cntv_cval_el0 = system_register::numbered(3, 3, 14, 3, 2);

// ---- The performance monitors: feature `pmuv3`.

inline constexpr auto pmcr_el0 = system_register::numbered(3, 3, 9, 12, 0).of(register_group::pmu);
inline constexpr auto pmcntenset_el0 = system_register::numbered(3, 3, 9, 12, 1).of(register_group::pmu);
inline constexpr auto pmcntenclr_el0 = system_register::numbered(3, 3, 9, 12, 2).of(register_group::pmu);
inline constexpr auto pmovsclr_el0 = system_register::numbered(3, 3, 9, 12, 3).of(register_group::pmu);
inline constexpr auto pmswinc_el0 = system_register::numbered(3, 3, 9, 12, 4).writes_only().of(register_group::pmu);
inline constexpr auto pmselr_el0 = system_register::numbered(3, 3, 9, 12, 5).of(register_group::pmu);
inline constexpr auto pmceid0_el0 = system_register::numbered(3, 3, 9, 12, 6).reads_only().of(register_group::pmu);
inline constexpr auto pmceid1_el0 = system_register::numbered(3, 3, 9, 12, 7).reads_only().of(register_group::pmu);
inline constexpr auto pmccntr_el0 = system_register::numbered(3, 3, 9, 13, 0).of(register_group::pmu);
inline constexpr auto pmxevtyper_el0 = system_register::numbered(3, 3, 9, 13, 1).of(register_group::pmu);
inline constexpr auto pmxevcntr_el0 = system_register::numbered(3, 3, 9, 13, 2).of(register_group::pmu);
inline constexpr auto pmuserenr_el0 = system_register::numbered(3, 3, 9, 14, 0).of(register_group::pmu);
inline constexpr auto pmintenset_el1 = system_register::numbered(3, 0, 9, 14, 1).of(register_group::pmu);
inline constexpr auto pmintenclr_el1 = system_register::numbered(3, 0, 9, 14, 2).of(register_group::pmu);
inline constexpr auto pmovsset_el0 = system_register::numbered(3, 3, 9, 14, 3).of(register_group::pmu);
inline constexpr auto pmccfiltr_el0 = system_register::numbered(3, 3, 14, 15, 7).of(register_group::pmu);
/// PMEVCNTR<n>_EL0: the count of event counter `n`, 0 to 30. A processor has PMCR_EL0.N of them.
[[nodiscard]] constexpr system_register pmevcntr_el0(unsigned n) noexcept {
    return system_register::numbered(3, 3, 14, 8 | (n >> 3 & 3U), n & 7U).of(register_group::pmu);
}
/// PMEVTYPER<n>_EL0: the event of event counter `n`.
[[nodiscard]] constexpr system_register pmevtyper_el0(unsigned n) noexcept {
    return system_register::numbered(3, 3, 14, 12 | (n >> 3 & 3U), n & 7U).of(register_group::pmu);
}

// ---- The interrupt controller's CPU interface: feature `gicv3`.

inline constexpr auto icc_pmr_el1 = system_register::numbered(3, 0, 4, 6, 0).of(register_group::gic);
inline constexpr auto icc_iar0_el1 = system_register::numbered(3, 0, 12, 8, 0).reads_only().of(register_group::gic);
inline constexpr auto icc_eoir0_el1 = system_register::numbered(3, 0, 12, 8, 1).writes_only().of(register_group::gic);
inline constexpr auto icc_hppir0_el1 = system_register::numbered(3, 0, 12, 8, 2).reads_only().of(register_group::gic);
inline constexpr auto icc_bpr0_el1 = system_register::numbered(3, 0, 12, 8, 3).of(register_group::gic);
inline constexpr auto icc_dir_el1 = system_register::numbered(3, 0, 12, 11, 1).writes_only().of(register_group::gic);
inline constexpr auto icc_rpr_el1 = system_register::numbered(3, 0, 12, 11, 3).reads_only().of(register_group::gic);
inline constexpr auto icc_sgi1r_el1 = system_register::numbered(3, 0, 12, 11, 5).writes_only().of(register_group::gic);
inline constexpr auto icc_asgi1r_el1 = system_register::numbered(3, 0, 12, 11, 6).writes_only().of(register_group::gic);
inline constexpr auto icc_sgi0r_el1 = system_register::numbered(3, 0, 12, 11, 7).writes_only().of(register_group::gic);
inline constexpr auto icc_iar1_el1 = system_register::numbered(3, 0, 12, 12, 0).reads_only().of(register_group::gic);
inline constexpr auto icc_eoir1_el1 = system_register::numbered(3, 0, 12, 12, 1).writes_only().of(register_group::gic);
inline constexpr auto icc_hppir1_el1 = system_register::numbered(3, 0, 12, 12, 2).reads_only().of(register_group::gic);
inline constexpr auto icc_bpr1_el1 = system_register::numbered(3, 0, 12, 12, 3).of(register_group::gic);
inline constexpr auto icc_ctlr_el1 = system_register::numbered(3, 0, 12, 12, 4).of(register_group::gic);
inline constexpr auto icc_sre_el1 = system_register::numbered(3, 0, 12, 12, 5).of(register_group::gic);
inline constexpr auto icc_igrpen0_el1 = system_register::numbered(3, 0, 12, 12, 6).of(register_group::gic);
inline constexpr auto icc_igrpen1_el1 = system_register::numbered(3, 0, 12, 12, 7).of(register_group::gic);
/// ICC_AP0R<n>_EL1 and ICC_AP1R<n>_EL1, `n` 0 to 3.
[[nodiscard]] constexpr system_register icc_ap0r_el1(unsigned n) noexcept {
    return system_register::numbered(3, 0, 12, 8, 4 | (n & 3U)).of(register_group::gic);
}
[[nodiscard]] constexpr system_register icc_ap1r_el1(unsigned n) noexcept {
    return system_register::numbered(3, 0, 12, 9, n & 3U).of(register_group::gic);
}
inline constexpr auto icc_sre_el2 = system_register::numbered(3, 4, 12, 9, 5).of(register_group::gic);

} // namespace insn
} // namespace aarch64
} // namespace inlay
