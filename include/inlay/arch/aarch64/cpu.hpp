// SPDX-License-Identifier: BSL-1.0
//
// cpu: the features of AArch64 CPUs, under the names that Linux shows in /proc/cpuinfo; and which processor it is.
//
//     inlay::alternative<call<&sw_crc32>(), when<cpu.crc32, crc32x(w0, w0, x1)>> crc;
//     if (inlay::aarch64::has(inlay::cpu.sve2.probe().encode())) ...
//
//     // An erratum is a feature of some revisions of a part: Cortex-A53 r0p0 to r0p4.
//     inline constexpr inlay::feature<"erratum_843419", inlay::aarch64::midr_range{0x41, 0xd03, 0x00, 0x04}> erratum;
//     inlay::alternative<nop(), when<erratum, dmb(barrier::sy)>> work_around;
//
// How it works. `inlay::cpu` is an object with one empty member for each feature. A feature's type holds its name and
// its place: a field of an ID register, and a bit of Linux's hwcaps. A field has four bits. A greater value means more:
// a feature exists if its field has at least a given value. In fields whose 0 means "present" (fp, asimd), 15 means
// "absent"; in PMUVer, 15 means "of some other kind". A few registers have single bits.
//
// A kernel reads the ID registers. A program goes by the hwcaps: the system says there which features programs may use.
// For a feature without a bit in the hwcaps, Linux may emulate the ID register (since 4.11, HWCAP_CPUID); else the
// answer is no.
//
// The value of MIDR_EL1 differs from processor to processor. In a program, a range holds if any processor of the system
// is in it, by /sys/devices/system/cpu; without this folder, the current processor counts. In a kernel, the processor
// that runs apply() counts. A kernel with different processors asks each, and sets a feature by hand.
//
// References are to the Arm Architecture Reference Manual (DDI 0487), section D19.2, and to Linux's
// Documentation/arch/arm64/elf_hwcaps.rst.
#pragma once

#include "inlay/arch/aarch64/machine.hpp"
#include "inlay/arch/aarch64/probe.hpp"
#include "inlay/feature.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

#if __STDC_HOSTED__ && defined(__linux__)
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64 {

#if __STDC_HOSTED__ && defined(__linux__)

/// The CPUs of a system, as Linux shows them to a program.
struct this_cpu {
    [[nodiscard]] static uint64_t id(id_register which) noexcept { return shows_ids() ? emit::read(which) : 0; }
    /// Bit `number` of AT_HWCAP, AT_HWCAP2 and AT_HWCAP3, one after the other.
    [[nodiscard]] static bool hwcap(unsigned number) noexcept {
        constexpr unsigned long third = 29; // AT_HWCAP3; headers before Linux 6.14 lack it
        const unsigned long which = number < 64 ? AT_HWCAP : number < 128 ? AT_HWCAP2 : third;
        return (::getauxval(which) >> number % 64 & 1U) != 0;
    }
    [[nodiscard]] static bool shows_ids() noexcept { return hwcap(11); } // HWCAP_CPUID

    [[nodiscard]] static bool any_is_in(const midr_range& range) noexcept {
        bool shown = false;
        bool found = false;
        const long count = ::sysconf(_SC_NPROCESSORS_CONF);
        for (long cpu = 0; cpu < count; ++cpu) {
            uint64_t midr = 0;
            if (read_midr(static_cast<unsigned>(cpu), midr)) {
                shown = true;
                found = found || range.contains(midr);
            }
        }
        return shown ? found : shows_ids() && range.contains(emit::read_system<0xc000>()); // MIDR_EL1
    }

private:
    /// The system's value for one processor, in hexadecimal. False if the system has none: the processor is off.
    [[nodiscard]] static bool read_midr(unsigned cpu, uint64_t& midr) noexcept {
        char name[] = "/sys/devices/system/cpu/cpu0000000000/regs/identification/midr_el1"; // NOLINT(*-avoid-c-arrays)
        constexpr unsigned prefix = 27;
        constexpr unsigned most = 10;
        unsigned digits = 1;
        for (unsigned rest = cpu; rest > 9; rest /= 10) {
            ++digits;
        }
        for (unsigned i = digits; i != 0; --i, cpu /= 10) {
            name[prefix + i - 1] = static_cast<char>('0' + cpu % 10);
        }
        for (unsigned i = prefix + most; i <= sizeof name - 1; ++i) {
            name[i - most + digits] = name[i];
        }
        const int file = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC, 0));
        if (file < 0) {
            return false;
        }
        char text[32]{}; // NOLINT(*-avoid-c-arrays): zero for MemorySanitizer, which does not see the read
        const long size = ::syscall(SYS_read, file, text, sizeof text);
        ::syscall(SYS_close, file);
        midr = 0;
        bool good = false;
        for (long i = 2; i < size; ++i) { // after 0x
            const char each = text[i];
            const int digit = each >= '0' && each <= '9'   ? each - '0'
                              : each >= 'a' && each <= 'f' ? each - 'a' + 10
                                                           : -1;
            if (digit < 0) {
                break;
            }
            midr = midr << 4 | static_cast<unsigned>(digit);
            good = true;
        }
        return good;
    }
};

#else

/// The CPU that runs the code, as its ID registers describe it at this exception level.
struct this_cpu {
    [[nodiscard, gnu::always_inline]] static uint64_t id(id_register which) noexcept { return emit::read(which); }
    [[nodiscard]] static bool any_is_in(const midr_range& range) noexcept {
        return range.contains(emit::read_system<0xc000>()); // MIDR_EL1
    }
};

#endif

/// The features of all but vector and debug registers.
struct general_features {
    // ID_AA64PFR0_EL1
    feature<"fp", id_field{id_register::pfr0, 16, 0, hwcap(0)}> fp;
    feature<"fphp", id_field{id_register::pfr0, 16, 1, hwcap(9)}> fphp;
    feature<"asimd", id_field{id_register::pfr0, 20, 0, hwcap(1)}> asimd;
    feature<"asimdhp", id_field{id_register::pfr0, 20, 1, hwcap(10)}> asimdhp;
    feature<"gicv3", id_field{id_register::pfr0, 24, 1}>
        gicv3; // Linux: not shown. The ICC registers, of a GIC 3.0 or later
    feature<"gicv4p1", id_field{id_register::pfr0, 24, 3}> gicv4p1; // Linux: not shown
    feature<"sve", id_field{id_register::pfr0, 32, 1, hwcap(22)}> sve;
    feature<"dit", id_field{id_register::pfr0, 48, 1, hwcap(24)}> dit;

    // ID_AA64PFR1_EL1, ID_AA64PFR2_EL1
    feature<"bti", id_field{id_register::pfr1, 0, 1, hwcap2(17)}> bti;
    feature<"ssbs", id_field{id_register::pfr1, 4, 2, hwcap(28)}> ssbs;
    feature<"mte", id_field{id_register::pfr1, 8, 2, hwcap2(18)}> mte;
    feature<"mte3", id_field{id_register::pfr1, 8, 3, hwcap2(22)}> mte3;
    feature<"sme", id_field{id_register::pfr1, 24, 1, hwcap2(23)}> sme;
    feature<"gcs", id_field{id_register::pfr1, 44, 1, hwcap(32)}> gcs;
    feature<"mtestoreonly", id_field{id_register::pfr2, 4, 1, hwcap3(1)}> mtestoreonly;
    feature<"mtefar", id_field{id_register::pfr2, 8, 1, hwcap3(0)}> mtefar;
    feature<"fpmr", id_field{id_register::pfr2, 32, 1, hwcap2(48)}> fpmr;

    // ID_AA64ISAR0_EL1
    feature<"aes", id_field{id_register::isar0, 4, 1, hwcap(3)}> aes;
    feature<"pmull", id_field{id_register::isar0, 4, 2, hwcap(4)}> pmull;
    feature<"sha1", id_field{id_register::isar0, 8, 1, hwcap(5)}> sha1;
    feature<"sha2", id_field{id_register::isar0, 12, 1, hwcap(6)}> sha2;
    feature<"sha512", id_field{id_register::isar0, 12, 2, hwcap(21)}> sha512;
    feature<"crc32", id_field{id_register::isar0, 16, 1, hwcap(7)}> crc32;
    feature<"atomics", id_field{id_register::isar0, 20, 2, hwcap(8)}> atomics; // manual: FEAT_LSE
    feature<"lse128", id_field{id_register::isar0, 20, 3, hwcap2(47)}> lse128;
    feature<"asimdrdm", id_field{id_register::isar0, 28, 1, hwcap(12)}> asimdrdm;
    feature<"sha3", id_field{id_register::isar0, 32, 1, hwcap(17)}> sha3;
    feature<"sm3", id_field{id_register::isar0, 36, 1, hwcap(18)}> sm3;
    feature<"sm4", id_field{id_register::isar0, 40, 1, hwcap(19)}> sm4;
    feature<"asimddp", id_field{id_register::isar0, 44, 1, hwcap(20)}> asimddp;
    feature<"asimdfhm", id_field{id_register::isar0, 48, 1, hwcap(23)}> asimdfhm;
    feature<"flagm", id_field{id_register::isar0, 52, 1, hwcap(27)}> flagm;
    feature<"flagm2", id_field{id_register::isar0, 52, 2, hwcap2(7)}> flagm2;
    feature<"rng", id_field{id_register::isar0, 60, 1, hwcap2(16)}> rng;

    // ID_AA64ISAR1_EL1; pointer authentication also in ID_AA64ISAR2_EL1
    feature<"dcpop", id_field{id_register::isar1, 0, 1, hwcap(16)}> dcpop;
    feature<"dcpodp", id_field{id_register::isar1, 0, 2, hwcap2(0)}> dcpodp;
    feature<"paca", any_id_field{{id_register::isar1, 4, 1, hwcap(30)},
                                 {id_register::isar1, 8, 1},
                                 {id_register::isar2, 12, 1}}>
        paca;
    feature<"pacg", any_id_field{{id_register::isar1, 24, 1, hwcap(31)},
                                 {id_register::isar1, 28, 1},
                                 {id_register::isar2, 8, 1}}>
        pacg;
    feature<"jscvt", id_field{id_register::isar1, 12, 1, hwcap(13)}> jscvt;
    feature<"fcma", id_field{id_register::isar1, 16, 1, hwcap(14)}> fcma;
    feature<"lrcpc", id_field{id_register::isar1, 20, 1, hwcap(15)}> lrcpc;
    feature<"ilrcpc", id_field{id_register::isar1, 20, 2, hwcap(26)}> ilrcpc;
    feature<"lrcpc3", id_field{id_register::isar1, 20, 3, hwcap2(46)}> lrcpc3;
    feature<"frint", id_field{id_register::isar1, 32, 1, hwcap2(8)}> frint;
    feature<"sb", id_field{id_register::isar1, 36, 1, hwcap(29)}> sb;
    feature<"bf16", id_field{id_register::isar1, 44, 1, hwcap2(14)}> bf16;
    feature<"ebf16", id_field{id_register::isar1, 44, 2, hwcap2(32)}> ebf16;
    feature<"dgh", id_field{id_register::isar1, 48, 1, hwcap2(15)}> dgh;
    feature<"i8mm", id_field{id_register::isar1, 52, 1, hwcap2(13)}> i8mm;
    feature<"ls64", id_field{id_register::isar1, 60, 1, hwcap3(3)}> ls64;

    // ID_AA64ISAR2_EL1, ID_AA64ISAR3_EL1
    feature<"wfxt", id_field{id_register::isar2, 0, 2, hwcap2(31)}> wfxt;
    feature<"rpres", id_field{id_register::isar2, 4, 1, hwcap2(21)}> rpres;
    feature<"mops", id_field{id_register::isar2, 16, 1, hwcap2(43)}> mops;
    feature<"hbc", id_field{id_register::isar2, 20, 1, hwcap2(44)}> hbc;
    feature<"rprfm", id_field{id_register::isar2, 48, 1, hwcap2(35)}> rprfm;
    feature<"cssc", id_field{id_register::isar2, 52, 1, hwcap2(34)}> cssc;
    feature<"cmpbr", id_field{id_register::isar2, 52, 2, hwcap(33)}> cmpbr;
    feature<"lut", id_field{id_register::isar2, 56, 1, hwcap2(49)}> lut;
    feature<"faminmax", id_field{id_register::isar3, 4, 1, hwcap2(50)}> faminmax;
    feature<"lsfe", id_field{id_register::isar3, 16, 1, hwcap3(2)}> lsfe;
    feature<"fprcvt", id_field{id_register::isar3, 28, 1, hwcap(34)}> fprcvt;

    // ID_AA64MMFR0_EL1 to ID_AA64MMFR3_EL1
    feature<"ecv", id_field{id_register::mmfr0, 60, 1, hwcap2(19)}> ecv;
    feature<"afp", id_field{id_register::mmfr1, 44, 1, hwcap2(20)}> afp;
    feature<"uscat", id_field{id_register::mmfr2, 32, 1, hwcap(25)}> uscat;
    feature<"poe", id_field{id_register::mmfr3, 16, 1, hwcap2(63)}> poe;

    // Features that only Linux knows, not a register: absent in a kernel.
    feature<"evtstrm", id_field{id_register::none, 0, 0, hwcap(2)}> evtstrm; // events from the timer, 10,000 a second
    feature<"cpuid", id_field{id_register::none, 0, 0, hwcap(11)}> cpuid;    // programs may read ID registers
};

/// SVE, SME, FP8, and the PMU.
struct vector_and_debug_features {
    // ID_AA64ZFR0_EL1, and SVE in ID_AA64PFR0_EL1
    feature<"sve2", id_field{id_register::zfr0, 0, 1, hwcap2(1)}> sve2;
    feature<"sve2p1", id_field{id_register::zfr0, 0, 2, hwcap2(36)}> sve2p1;
    feature<"sve2p2", id_field{id_register::zfr0, 0, 3, hwcap(41)}> sve2p2;
    feature<"sveaes", id_field{id_register::zfr0, 4, 1, hwcap2(2)}> sveaes;
    feature<"svepmull", id_field{id_register::zfr0, 4, 2, hwcap2(3)}> svepmull;
    feature<"sveaes2", id_field{id_register::zfr0, 4, 3, hwcap(39)}> sveaes2;
    feature<"sveeltperm", id_field{id_register::zfr0, 12, 1, hwcap(38)}> sveeltperm;
    feature<"svebitperm", id_field{id_register::zfr0, 16, 1, hwcap2(4)}> svebitperm;
    feature<"svebf16", id_field{id_register::zfr0, 20, 1, hwcap2(12)}> svebf16;
    feature<"sveebf16", id_field{id_register::zfr0, 20, 2, hwcap2(33)}> sveebf16;
    feature<"sveb16b16", id_field{id_register::zfr0, 24, 1, hwcap2(45)}> sveb16b16;
    feature<"svebfscale", id_field{id_register::zfr0, 24, 2, hwcap(40)}> svebfscale;
    feature<"svesha3", id_field{id_register::zfr0, 32, 1, hwcap2(5)}> svesha3;
    feature<"svesm4", id_field{id_register::zfr0, 40, 1, hwcap2(6)}> svesm4;
    feature<"svei8mm", id_field{id_register::zfr0, 44, 1, hwcap2(9)}> svei8mm;
    feature<"svef16mm", id_field{id_register::zfr0, 48, 1, hwcap(37)}> svef16mm;
    feature<"svef32mm", id_field{id_register::zfr0, 52, 1, hwcap2(10)}> svef32mm;
    feature<"svef64mm", id_field{id_register::zfr0, 56, 1, hwcap2(11)}> svef64mm;

    // ID_AA64SMFR0_EL1, and SME in ID_AA64PFR1_EL1. (Of the fields whose values are 5 and 15, bit 2.)
    feature<"sme2", id_field{id_register::smfr0, 56, 1, hwcap2(37)}> sme2;
    feature<"sme2p1", id_field{id_register::smfr0, 56, 2, hwcap2(38)}> sme2p1;
    feature<"sme2p2", id_field{id_register::smfr0, 56, 3, hwcap(42)}> sme2p2;
    feature<"smesmop4", id_bit(id_register::smfr0, 0, hwcap(47))> smesmop4;
    feature<"smestmop", id_bit(id_register::smfr0, 16, hwcap(46))> smestmop;
    feature<"smesfexpa", id_bit(id_register::smfr0, 23, hwcap(45))> smesfexpa;
    feature<"smeaes", id_bit(id_register::smfr0, 24, hwcap(44))> smeaes;
    feature<"smesbitperm", id_bit(id_register::smfr0, 25, hwcap(43))> smesbitperm;
    feature<"smesf8dp2", id_bit(id_register::smfr0, 28, hwcap2(62))> smesf8dp2;
    feature<"smesf8dp4", id_bit(id_register::smfr0, 29, hwcap2(61))> smesf8dp4;
    feature<"smesf8fma", id_bit(id_register::smfr0, 30, hwcap2(60))> smesf8fma;
    feature<"smef32f32", id_bit(id_register::smfr0, 32, hwcap2(29))> smef32f32;
    feature<"smebi32i32", id_bit(id_register::smfr0, 33, hwcap2(40))> smebi32i32;
    feature<"smeb16f32", id_bit(id_register::smfr0, 34, hwcap2(28))> smeb16f32;
    feature<"smef16f32", id_bit(id_register::smfr0, 35, hwcap2(27))> smef16f32;
    feature<"smei8i32", id_bit(id_register::smfr0, 38, hwcap2(26))> smei8i32;
    feature<"smef8f32", id_bit(id_register::smfr0, 40, hwcap2(59))> smef8f32;
    feature<"smef8f16", id_bit(id_register::smfr0, 41, hwcap2(58))> smef8f16;
    feature<"smef16f16", id_bit(id_register::smfr0, 42, hwcap2(42))> smef16f16;
    feature<"smeb16b16", id_bit(id_register::smfr0, 43, hwcap2(41))> smeb16b16;
    feature<"smei16i32", id_bit(id_register::smfr0, 46, hwcap2(39))> smei16i32;
    feature<"smef64f64", id_bit(id_register::smfr0, 48, hwcap2(25))> smef64f64;
    feature<"smei16i64", id_bit(id_register::smfr0, 54, hwcap2(24))> smei16i64;
    feature<"smelutv2", id_bit(id_register::smfr0, 60, hwcap2(57))> smelutv2;
    feature<"smefa64", id_bit(id_register::smfr0, 63, hwcap2(30))> smefa64;

    // ID_AA64FPFR0_EL1
    feature<"f8e5m2", id_bit(id_register::fpfr0, 0, hwcap2(56))> f8e5m2;
    feature<"f8e4m3", id_bit(id_register::fpfr0, 1, hwcap2(55))> f8e4m3;
    feature<"f8mm4", id_bit(id_register::fpfr0, 26, hwcap(36))> f8mm4;
    feature<"f8mm8", id_bit(id_register::fpfr0, 27, hwcap(35))> f8mm8;
    feature<"f8dp2", id_bit(id_register::fpfr0, 28, hwcap2(54))> f8dp2;
    feature<"f8dp4", id_bit(id_register::fpfr0, 29, hwcap2(53))> f8dp4;
    feature<"f8fma", id_bit(id_register::fpfr0, 30, hwcap2(52))> f8fma;
    feature<"f8cvt", id_bit(id_register::fpfr0, 31, hwcap2(51))> f8cvt;

    // ID_AA64DFR0_EL1. Linux: not shown, nothing in a program. (15: a PMU of another kind, without PMCR_EL0.)
    feature<"pmuv3", id_field{id_register::dfr0, 8, 1}> pmuv3;
    feature<"pmuv3p1", id_field{id_register::dfr0, 8, 4}> pmuv3p1; // 16-bit event numbers
    feature<"pmuv3p4", id_field{id_register::dfr0, 8, 5}> pmuv3p4; // PMMIR_EL1
    feature<"pmuv3p5", id_field{id_register::dfr0, 8, 6}> pmuv3p5; // event counters of 64 bits
    feature<"pmuv3p7", id_field{id_register::dfr0, 8, 7}> pmuv3p7; // freezing on overflow
    feature<"pmuv3p8", id_field{id_register::dfr0, 8, 8}> pmuv3p8;
    feature<"pmuv3p9", id_field{id_register::dfr0, 8, 9}> pmuv3p9; // access by programs to each counter
};

/// All of them, by register.
struct cpu_features : general_features, vector_and_debug_features {
    /// Calls `function` with each base, a plain aggregate of features.
    template <class Function>
    constexpr void for_each_group(const Function& function) const {
        function(static_cast<const general_features&>(*this));
        function(static_cast<const vector_and_debug_features&>(*this));
    }
};

} // namespace aarch64

/// The features of this CPU: `when<cpu.crc32 && !cpu.sve2, ...>`.
inline constexpr aarch64::cpu_features cpu{};

} // namespace inlay
