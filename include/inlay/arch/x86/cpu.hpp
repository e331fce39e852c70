// SPDX-License-Identifier: BSL-1.0
//
// cpu: the features of x86 CPUs, under the names that Linux shows in /proc/cpuinfo.
//
//     inlay::alternative<nop(3), when<cpu.smap, stac()>> user_access_begin;
//     if (inlay::x86::holds(inlay::cpu.avx2.probe(), inlay::x86::this_cpu{})) ...
//     if (inlay::x86::holds(inlay::cpu.avx2.probe(), dump_of_another_cpu)) ...
//
// How it works. `inlay::cpu` is an object with one empty member a feature; a feature's type holds its name and where
// CPUID shows it. This header executes no CPUID until a caller asks, and a feature that no program names costs nothing.
// Only `holds()` evaluates a probe, on this CPU or on a dump of another one. It never trusts a leaf or subleaf that the
// CPU does not list (Intel CPUs answer with the data of another leaf). It reads XCR0 only if CPUID allows it.
//
// A bit of CPUID describes the CPU. Registers that the OS does not save on a context switch count as absent, so AVX and
// similar features also ask XCR0 for their state.
//
// The members come from one base class for each leaf. `cpu.smap` stays flat for the user, and each base is small enough
// for Boost.PFR: PFR walks aggregates of up to 100 members (see features.hpp).
//
// Features with "Linux: not shown" in their comment have that name in Linux's cpufeatures.h or in KVM, but are not in
// /proc/cpuinfo. The list has them because code differs by them. It does not have flags without a single CPUID bit
// (constant_tsc, rep_good, ibrs ...), nor lwp: Linux never enables its state bit (XCR0[62]). A missing feature takes
// one line: `inlay::feature<"btc_no", x86::cpuid{0x8000'0008, 0, ebx, 29}>`.
#pragma once

#include "inlay/arch/x86/machine.hpp"
#include "inlay/arch/x86/probe.hpp"
#include "inlay/arch/x86/registers.hpp"
#include "inlay/feature.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace x86 {

using cpuid_result = emit::cpuid_result;

/// The CPU that runs the code. On a machine with more than one kind of core, the answers are those of the current core.
/// Each cpuid() costs an exit to the hypervisor in a virtual machine.
struct this_cpu {
    [[nodiscard, gnu::always_inline]] static cpuid_result cpuid(uint32_t leaf, uint32_t subleaf) noexcept {
        return emit::cpuid(leaf, subleaf);
    }

    /// XCR0. Call it only where CPUID says OSXSAVE.
    [[nodiscard, gnu::always_inline]] static uint64_t xcr0() noexcept { return emit::xgetbv(); }
};

/// Basic features. Intel SDM volume 2, CPUID leaf 01H; AMD APM volume 3, appendix E, Fn0000_0001.
struct leaf_1_features {

    feature<"fpu", cpuid{1, 0, edx, 0}> fpu;
    feature<"vme", cpuid{1, 0, edx, 1}> vme;
    feature<"de", cpuid{1, 0, edx, 2}> de;
    feature<"pse", cpuid{1, 0, edx, 3}> pse;
    feature<"tsc", cpuid{1, 0, edx, 4}> tsc;
    feature<"msr", cpuid{1, 0, edx, 5}> msr;
    feature<"pae", cpuid{1, 0, edx, 6}> pae;
    feature<"mce", cpuid{1, 0, edx, 7}> mce;
    feature<"cx8", cpuid{1, 0, edx, 8}> cx8; // manual: CX8, CMPXCHG8B
    feature<"apic", cpuid{1, 0, edx, 9}> apic;
    feature<"sep", cpuid{1, 0, edx, 11}> sep; // SYSENTER and SYSEXIT
    feature<"mtrr", cpuid{1, 0, edx, 12}> mtrr;
    feature<"pge", cpuid{1, 0, edx, 13}> pge;
    feature<"mca", cpuid{1, 0, edx, 14}> mca;
    feature<"cmov", cpuid{1, 0, edx, 15}> cmov;
    feature<"pat", cpuid{1, 0, edx, 16}> pat;
    feature<"pse36", cpuid{1, 0, edx, 17}> pse36;
    feature<"pn", cpuid{1, 0, edx, 18}> pn;           // manual: PSN
    feature<"clflush", cpuid{1, 0, edx, 19}> clflush; // manual: CLFSH
    feature<"dts", cpuid{1, 0, edx, 21}> dts;         // manual: DS, debug store
    feature<"acpi", cpuid{1, 0, edx, 22}> acpi;
    feature<"mmx", cpuid{1, 0, edx, 23}> mmx;
    feature<"fxsr", cpuid{1, 0, edx, 24}> fxsr;
    feature<"sse", cpuid{1, 0, edx, 25}> sse;
    feature<"sse2", cpuid{1, 0, edx, 26}> sse2;
    feature<"ss", cpuid{1, 0, edx, 27}> ss; // self-snoop
    feature<"ht", cpuid{1, 0, edx, 28}> ht; // manual: HTT
    feature<"tm", cpuid{1, 0, edx, 29}> tm;
    feature<"ia64", cpuid{1, 0, edx, 30}> ia64;
    feature<"pbe", cpuid{1, 0, edx, 31}> pbe;

    feature<"pni", cpuid{1, 0, ecx, 0}> pni; // manual: SSE3
    feature<"pclmulqdq", cpuid{1, 0, ecx, 1}> pclmulqdq;
    feature<"dtes64", cpuid{1, 0, ecx, 2}> dtes64;
    feature<"monitor", cpuid{1, 0, ecx, 3}> monitor;
    feature<"ds_cpl", cpuid{1, 0, ecx, 4}> ds_cpl;
    feature<"vmx", cpuid{1, 0, ecx, 5}> vmx;
    feature<"smx", cpuid{1, 0, ecx, 6}> smx;
    feature<"est", cpuid{1, 0, ecx, 7}> est; // manual: EIST
    feature<"tm2", cpuid{1, 0, ecx, 8}> tm2;
    feature<"ssse3", cpuid{1, 0, ecx, 9}> ssse3;
    feature<"cid", cpuid{1, 0, ecx, 10}> cid; // manual: CNXT-ID
    feature<"sdbg", cpuid{1, 0, ecx, 11}> sdbg;
    feature<"fma", cpuid{1, 0, ecx, 12, xstate::avx}> fma;
    feature<"cx16", cpuid{1, 0, ecx, 13}> cx16; // manual: CMPXCHG16B
    feature<"xtpr", cpuid{1, 0, ecx, 14}> xtpr;
    feature<"pdcm", cpuid{1, 0, ecx, 15}> pdcm;
    feature<"pcid", cpuid{1, 0, ecx, 17}> pcid;
    feature<"dca", cpuid{1, 0, ecx, 18}> dca;
    feature<"sse4_1", cpuid{1, 0, ecx, 19}> sse4_1;
    feature<"sse4_2", cpuid{1, 0, ecx, 20}> sse4_2;
    feature<"x2apic", cpuid{1, 0, ecx, 21}> x2apic;
    feature<"movbe", cpuid{1, 0, ecx, 22}> movbe;
    feature<"popcnt", cpuid{1, 0, ecx, 23}> popcnt;
    feature<"tsc_deadline_timer", cpuid{1, 0, ecx, 24}> tsc_deadline_timer;
    feature<"aes", cpuid{1, 0, ecx, 25}> aes;
    feature<"xsave", cpuid{1, 0, ecx, 26}> xsave;     // the CPU can ...
    feature<"osxsave", cpuid{1, 0, ecx, 27}> osxsave; // ... and the OS has turned it on. Linux: not shown
    feature<"avx", cpuid{1, 0, ecx, 28, xstate::avx}> avx;
    feature<"f16c", cpuid{1, 0, ecx, 29, xstate::avx}> f16c;
    feature<"rdrand", cpuid{1, 0, ecx, 30}> rdrand;
    feature<"hypervisor", cpuid{1, 0, ecx, 31}> hypervisor; // manual: reserved for hypervisors
};

/// Thermal and power management. Intel SDM volume 2, CPUID leaf 06H; AMD APM volume 3, Fn0000_0006.
struct leaf_6_features {

    feature<"dtherm", cpuid{6, 0, eax, 0}> dtherm; // manual: digital temperature sensor
    feature<"ida", cpuid{6, 0, eax, 1}> ida;       // manual: Turbo Boost
    feature<"arat", cpuid{6, 0, eax, 2}> arat;     // the APIC timer runs in every C state
    feature<"pln", cpuid{6, 0, eax, 4}> pln;
    feature<"pts", cpuid{6, 0, eax, 6}> pts; // manual: PTM
    feature<"hwp", cpuid{6, 0, eax, 7}> hwp;
    feature<"hwp_notify", cpuid{6, 0, eax, 8}> hwp_notify;
    feature<"hwp_act_window", cpuid{6, 0, eax, 9}> hwp_act_window;
    feature<"hwp_epp", cpuid{6, 0, eax, 10}> hwp_epp;
    feature<"hwp_pkg_req", cpuid{6, 0, eax, 11}> hwp_pkg_req;
    feature<"hfi", cpuid{6, 0, eax, 19}> hfi;

    feature<"aperfmperf", cpuid{6, 0, ecx, 0}> aperfmperf;
    feature<"epb", cpuid{6, 0, ecx, 3}> epb;
};

/// Structured extended features. Intel SDM volume 2, CPUID leaf 07H; AMD APM volume 3, Fn0000_0007.
struct leaf_7_features {

    feature<"fsgsbase", cpuid{7, 0, ebx, 0}> fsgsbase;
    feature<"tsc_adjust", cpuid{7, 0, ebx, 1}> tsc_adjust;
    feature<"sgx", cpuid{7, 0, ebx, 2}> sgx;
    feature<"bmi1", cpuid{7, 0, ebx, 3}> bmi1; // VEX encoded, but general registers only: no state
    feature<"hle", cpuid{7, 0, ebx, 4}> hle;
    feature<"avx2", cpuid{7, 0, ebx, 5, xstate::avx}> avx2;
    feature<"smep", cpuid{7, 0, ebx, 7}> smep;
    feature<"bmi2", cpuid{7, 0, ebx, 8}> bmi2;
    feature<"erms", cpuid{7, 0, ebx, 9}> erms;
    feature<"invpcid", cpuid{7, 0, ebx, 10}> invpcid;
    feature<"rtm", cpuid{7, 0, ebx, 11}> rtm;
    feature<"cqm", cpuid{7, 0, ebx, 12}> cqm; // manual: RDT-M, AMD: PQM
    feature<"mpx", cpuid{7, 0, ebx, 14, xstate::mpx}> mpx;
    feature<"rdt_a", cpuid{7, 0, ebx, 15}> rdt_a; // AMD: PQE
    feature<"avx512f", cpuid{7, 0, ebx, 16, xstate::avx512}> avx512f;
    feature<"avx512dq", cpuid{7, 0, ebx, 17, xstate::avx512}> avx512dq;
    feature<"rdseed", cpuid{7, 0, ebx, 18}> rdseed;
    feature<"adx", cpuid{7, 0, ebx, 19}> adx;
    feature<"smap", cpuid{7, 0, ebx, 20}> smap;
    feature<"avx512ifma", cpuid{7, 0, ebx, 21, xstate::avx512}> avx512ifma;
    feature<"clflushopt", cpuid{7, 0, ebx, 23}> clflushopt;
    feature<"clwb", cpuid{7, 0, ebx, 24}> clwb;
    feature<"intel_pt", cpuid{7, 0, ebx, 25}> intel_pt;
    feature<"avx512pf", cpuid{7, 0, ebx, 26, xstate::avx512}> avx512pf;
    feature<"avx512er", cpuid{7, 0, ebx, 27, xstate::avx512}> avx512er;
    feature<"avx512cd", cpuid{7, 0, ebx, 28, xstate::avx512}> avx512cd;
    feature<"sha_ni", cpuid{7, 0, ebx, 29}> sha_ni; // manual: SHA
    feature<"avx512bw", cpuid{7, 0, ebx, 30, xstate::avx512}> avx512bw;
    feature<"avx512vl", cpuid{7, 0, ebx, 31, xstate::avx512}> avx512vl;

    feature<"avx512vbmi", cpuid{7, 0, ecx, 1, xstate::avx512}> avx512vbmi;
    feature<"umip", cpuid{7, 0, ecx, 2}> umip;
    // Protection keys need CR4.PKE; ospke mirrors it. XCR0[9] only lets XSAVE manage PKRU; RDPKRU and WRPKRU work
    // without it (Intel SDM volume 3, section 4.6.2). So ask ospke before you use them.
    feature<"pku", cpuid{7, 0, ecx, 3}> pku;
    feature<"ospke", cpuid{7, 0, ecx, 4}> ospke;
    feature<"waitpkg", cpuid{7, 0, ecx, 5}> waitpkg;
    feature<"avx512_vbmi2", cpuid{7, 0, ecx, 6, xstate::avx512}> avx512_vbmi2;
    feature<"shstk", cpuid{7, 0, ecx, 7}> shstk; // manual: CET_SS. Linux: not shown, but user_shstk where it uses it
    feature<"gfni", cpuid{7, 0, ecx, 8}> gfni;   // has an SSE form; ask avx or avx512f as well for the others
    feature<"vaes", cpuid{7, 0, ecx, 9, xstate::avx}> vaes;
    feature<"vpclmulqdq", cpuid{7, 0, ecx, 10, xstate::avx}> vpclmulqdq;
    feature<"avx512_vnni", cpuid{7, 0, ecx, 11, xstate::avx512}> avx512_vnni;
    feature<"avx512_bitalg", cpuid{7, 0, ecx, 12, xstate::avx512}> avx512_bitalg;
    feature<"tme", cpuid{7, 0, ecx, 13}> tme; // manual: TME_EN
    feature<"avx512_vpopcntdq", cpuid{7, 0, ecx, 14, xstate::avx512}> avx512_vpopcntdq;
    feature<"la57", cpuid{7, 0, ecx, 16}> la57;
    feature<"rdpid", cpuid{7, 0, ecx, 22}> rdpid;
    feature<"bus_lock_detect", cpuid{7, 0, ecx, 24}> bus_lock_detect;
    feature<"cldemote", cpuid{7, 0, ecx, 25}> cldemote;
    feature<"movdiri", cpuid{7, 0, ecx, 27}> movdiri;
    feature<"movdir64b", cpuid{7, 0, ecx, 28}> movdir64b;
    feature<"enqcmd", cpuid{7, 0, ecx, 29}> enqcmd;
    feature<"sgx_lc", cpuid{7, 0, ecx, 30}> sgx_lc;

    feature<"avx512_4vnniw", cpuid{7, 0, edx, 2, xstate::avx512}> avx512_4vnniw;
    feature<"avx512_4fmaps", cpuid{7, 0, edx, 3, xstate::avx512}> avx512_4fmaps;
    feature<"fsrm", cpuid{7, 0, edx, 4}> fsrm;
    feature<"avx512_vp2intersect", cpuid{7, 0, edx, 8, xstate::avx512}> avx512_vp2intersect;
    feature<"md_clear", cpuid{7, 0, edx, 10}> md_clear;
    feature<"serialize", cpuid{7, 0, edx, 14}> serialize;
    feature<"hybrid_cpu", cpuid{7, 0, edx, 15}> hybrid_cpu; // manual: Hybrid. Linux: not shown
    feature<"tsxldtrk", cpuid{7, 0, edx, 16}> tsxldtrk;
    feature<"pconfig", cpuid{7, 0, edx, 18}> pconfig;
    feature<"arch_lbr", cpuid{7, 0, edx, 19}> arch_lbr;
    feature<"ibt", cpuid{7, 0, edx, 20}> ibt; // manual: CET_IBT
    // A Linux process must also ask for AMX (arch_prctl ARCH_REQ_XCOMP_PERM), or the first tile access faults.
    feature<"amx_bf16", cpuid{7, 0, edx, 22, xstate::amx}> amx_bf16;
    feature<"avx512_fp16", cpuid{7, 0, edx, 23, xstate::avx512}> avx512_fp16;
    feature<"amx_tile", cpuid{7, 0, edx, 24, xstate::amx}> amx_tile;
    feature<"amx_int8", cpuid{7, 0, edx, 25, xstate::amx}> amx_int8;
    // Linux shows ibrs, ibpb, stibp and ssbd instead, each from an Intel bit here or an AMD bit (see amd_ibrs).
    feature<"spec_ctrl", cpuid{7, 0, edx, 26}> spec_ctrl; // manual: IBRS and IBPB
    feature<"intel_stibp", cpuid{7, 0, edx, 27}> intel_stibp;
    feature<"flush_l1d", cpuid{7, 0, edx, 28}> flush_l1d;
    feature<"arch_capabilities", cpuid{7, 0, edx, 29}> arch_capabilities;
    feature<"spec_ctrl_ssbd", cpuid{7, 0, edx, 31}> spec_ctrl_ssbd;
};

/// Structured extended features, continued. Intel SDM volume 2, CPUID leaf 07H, subleaf 1.
struct leaf_7_continued_features {

    feature<"sha512", cpuid{7, 1, eax, 0, xstate::avx}> sha512; // Linux: not shown
    feature<"sm3", cpuid{7, 1, eax, 1, xstate::avx}> sm3;       // Linux: not shown
    feature<"sm4", cpuid{7, 1, eax, 2, xstate::avx}> sm4;       // Linux: not shown
    feature<"avx_vnni", cpuid{7, 1, eax, 4, xstate::avx}> avx_vnni;
    feature<"avx512_bf16", cpuid{7, 1, eax, 5, xstate::avx512}> avx512_bf16;
    feature<"lass", cpuid{7, 1, eax, 6}> lass;
    feature<"cmpccxadd", cpuid{7, 1, eax, 7}> cmpccxadd; // Linux: not shown
    feature<"fzrm", cpuid{7, 1, eax, 10}> fzrm;          // Linux: not shown
    feature<"fsrs", cpuid{7, 1, eax, 11}> fsrs;          // Linux: not shown
    feature<"fsrc", cpuid{7, 1, eax, 12}> fsrc;          // Linux: not shown
    feature<"fred", cpuid{7, 1, eax, 17}> fred;
    feature<"lkgs", cpuid{7, 1, eax, 18}> lkgs;                      // Linux: not shown
    feature<"wrmsrns", cpuid{7, 1, eax, 19}> wrmsrns;                // Linux: not shown
    feature<"amx_fp16", cpuid{7, 1, eax, 21, xstate::amx}> amx_fp16; // Linux: not shown
    feature<"avx_ifma", cpuid{7, 1, eax, 23, xstate::avx}> avx_ifma; // Linux: not shown
    feature<"lam", cpuid{7, 1, eax, 26}> lam;

    feature<"intel_ppin", cpuid{7, 1, ebx, 0}> intel_ppin;

    feature<"msr_imm", cpuid{7, 1, ecx, 5}> msr_imm; // Linux: not shown

    // Linux: none of these is shown.
    feature<"avx_vnni_int8", cpuid{7, 1, edx, 4, xstate::avx}> avx_vnni_int8;
    feature<"avx_ne_convert", cpuid{7, 1, edx, 5, xstate::avx}> avx_ne_convert;
    feature<"amx_complex", cpuid{7, 1, edx, 8, xstate::amx}> amx_complex;
    feature<"avx_vnni_int16", cpuid{7, 1, edx, 10, xstate::avx}> avx_vnni_int16;
    feature<"avx10", cpuid{7, 1, edx, 19, xstate::avx512}> avx10;
    feature<"apx", cpuid{7, 1, edx, 21, xstate::apx}> apx; // manual: APX_F
};

/// XSAVE. Intel SDM volume 2, CPUID leaf 0DH, subleaf 1; AMD APM volume 3, Fn0000_000D.
struct leaf_d_features {

    feature<"xsaveopt", cpuid{0xd, 1, eax, 0}> xsaveopt;
    feature<"xsavec", cpuid{0xd, 1, eax, 1}> xsavec;
    feature<"xgetbv1", cpuid{0xd, 1, eax, 2}> xgetbv1; // XGETBV with ECX = 1
    feature<"xsaves", cpuid{0xd, 1, eax, 3}> xsaves;
};

/// Monitoring and allocation of shared resources. Intel SDM volume 2, CPUID leaves 0FH and 10H, and volume 3,
/// "Intel Resource Director Technology"; AMD APM volume 3, Fn0000_000F and Fn0000_0010.
struct leaf_f_features {

    feature<"cqm_llc", cpuid{0xf, 0, edx, 1}> cqm_llc;
    feature<"cqm_occup_llc", cpuid{0xf, 1, edx, 0}> cqm_occup_llc;
    feature<"cqm_mbm_total", cpuid{0xf, 1, edx, 1}> cqm_mbm_total;
    feature<"cqm_mbm_local", cpuid{0xf, 1, edx, 2}> cqm_mbm_local;

    feature<"cat_l3", cpuid{0x10, 0, ebx, 1}> cat_l3;
    feature<"cat_l2", cpuid{0x10, 0, ebx, 2}> cat_l2;
    feature<"mba", cpuid{0x10, 0, ebx, 3}> mba; // Linux shows AMD's, Fn8000_0008 ebx bit 6, as mba too
    feature<"cdp_l3", cpuid{0x10, 1, ecx, 2}> cdp_l3;
    feature<"cdp_l2", cpuid{0x10, 2, ecx, 2}> cdp_l2;
};

/// Extended features. AMD APM volume 3, appendix E, Fn8000_0001; Intel SDM volume 2, CPUID leaf 80000001H. The bits
/// that AMD repeats from leaf 1 are left out, as in Linux.
struct leaf_80000001_features {

    feature<"syscall", cpuid{0x8000'0001, 0, edx, 11}> syscall;
    feature<"mp", cpuid{0x8000'0001, 0, edx, 19}> mp; // manual: reserved; K7 and K8 for multiprocessing
    feature<"nx", cpuid{0x8000'0001, 0, edx, 20}> nx; // Intel: execute disable
    feature<"mmxext", cpuid{0x8000'0001, 0, edx, 22}> mmxext;
    feature<"fxsr_opt", cpuid{0x8000'0001, 0, edx, 25}> fxsr_opt; // manual: FFXSR
    feature<"pdpe1gb", cpuid{0x8000'0001, 0, edx, 26}> pdpe1gb;   // manual: Page1GB
    feature<"rdtscp", cpuid{0x8000'0001, 0, edx, 27}> rdtscp;
    feature<"lm", cpuid{0x8000'0001, 0, edx, 29}> lm;
    feature<"3dnowext", cpuid{0x8000'0001, 0, edx, 30}> amd_3dnowext; // an identifier cannot begin with a digit
    feature<"3dnow", cpuid{0x8000'0001, 0, edx, 31}> amd_3dnow;

    feature<"lahf_lm", cpuid{0x8000'0001, 0, ecx, 0}> lahf_lm; // manual: LahfSahf
    feature<"cmp_legacy", cpuid{0x8000'0001, 0, ecx, 1}> cmp_legacy;
    feature<"svm", cpuid{0x8000'0001, 0, ecx, 2}> svm;
    feature<"extapic", cpuid{0x8000'0001, 0, ecx, 3}> extapic;
    feature<"cr8_legacy", cpuid{0x8000'0001, 0, ecx, 4}> cr8_legacy; // manual: AltMovCr8
    feature<"abm", cpuid{0x8000'0001, 0, ecx, 5}> abm;               // LZCNT (and on AMD POPCNT)
    feature<"sse4a", cpuid{0x8000'0001, 0, ecx, 6}> sse4a;
    feature<"misalignsse", cpuid{0x8000'0001, 0, ecx, 7}> misalignsse;
    feature<"3dnowprefetch", cpuid{0x8000'0001, 0, ecx, 8}> amd_3dnowprefetch; // PREFETCHW; Intel has it as well
    feature<"osvw", cpuid{0x8000'0001, 0, ecx, 9}> osvw;
    feature<"ibs", cpuid{0x8000'0001, 0, ecx, 10}> ibs;
    feature<"xop", cpuid{0x8000'0001, 0, ecx, 11, xstate::avx}> xop;
    feature<"skinit", cpuid{0x8000'0001, 0, ecx, 12}> skinit;
    feature<"wdt", cpuid{0x8000'0001, 0, ecx, 13}> wdt;
    feature<"fma4", cpuid{0x8000'0001, 0, ecx, 16, xstate::avx}> fma4;
    feature<"tce", cpuid{0x8000'0001, 0, ecx, 17}> tce;
    feature<"nodeid_msr", cpuid{0x8000'0001, 0, ecx, 19}> nodeid_msr;
    feature<"tbm", cpuid{0x8000'0001, 0, ecx, 21}> tbm; // XOP encoded, but general registers only: no state
    feature<"topoext", cpuid{0x8000'0001, 0, ecx, 22}> topoext;
    feature<"perfctr_core", cpuid{0x8000'0001, 0, ecx, 23}> perfctr_core; // manual: PerfCtrExtCore
    feature<"perfctr_nb", cpuid{0x8000'0001, 0, ecx, 24}> perfctr_nb;     // manual: PerfCtrExtNB
    feature<"bpext", cpuid{0x8000'0001, 0, ecx, 26}> bpext;               // manual: DataBkptExt
    feature<"ptsc", cpuid{0x8000'0001, 0, ecx, 27}> ptsc;                 // manual: PerfTsc
    feature<"perfctr_llc", cpuid{0x8000'0001, 0, ecx, 28}> perfctr_llc;   // manual: PerfCtrExtLLC
    feature<"mwaitx", cpuid{0x8000'0001, 0, ecx, 29}> mwaitx;             // manual: MONITORX
};

/// Power management and extended capabilities. AMD APM volume 3, appendix E, Fn8000_0007 and Fn8000_0008.
struct leaf_80000007_features {

    feature<"overflow_recov", cpuid{0x8000'0007, 0, ebx, 0}> overflow_recov; // manual: McaOverflowRecov
    feature<"succor", cpuid{0x8000'0007, 0, ebx, 1}> succor;
    feature<"smca", cpuid{0x8000'0007, 0, ebx, 3}> smca; // manual: ScalableMca

    feature<"hw_pstate", cpuid{0x8000'0007, 0, edx, 7}> hw_pstate;
    feature<"nonstop_tsc", cpuid{0x8000'0007, 0, edx, 8}> nonstop_tsc; // manual: TscInvariant; Intel has it as well
    feature<"cpb", cpuid{0x8000'0007, 0, edx, 9}> cpb;
    feature<"proc_feedback", cpuid{0x8000'0007, 0, edx, 11}> proc_feedback; // manual: ProcFeedbackInterface
    feature<"acc_power", cpuid{0x8000'0007, 0, edx, 12}> acc_power;         // manual: ProcPowerReporting
    feature<"rapl", cpuid{0x8000'0007, 0, edx, 14}> rapl;

    feature<"clzero", cpuid{0x8000'0008, 0, ebx, 0}> clzero;
    feature<"irperf", cpuid{0x8000'0008, 0, ebx, 1}> irperf;         // manual: InstRetCntMsr
    feature<"xsaveerptr", cpuid{0x8000'0008, 0, ebx, 2}> xsaveerptr; // manual: RstrFpErrPtrs
    feature<"invlpgb", cpuid{0x8000'0008, 0, ebx, 3}> invlpgb;       // Linux: not shown
    feature<"rdpru", cpuid{0x8000'0008, 0, ebx, 4}> rdpru;
    feature<"wbnoinvd", cpuid{0x8000'0008, 0, ebx, 9}> wbnoinvd;
    feature<"amd_ibpb", cpuid{0x8000'0008, 0, ebx, 12}> amd_ibpb;   // Linux: ibpb
    feature<"amd_ibrs", cpuid{0x8000'0008, 0, ebx, 14}> amd_ibrs;   // Linux: ibrs
    feature<"amd_stibp", cpuid{0x8000'0008, 0, ebx, 15}> amd_stibp; // Linux: stibp
    feature<"amd_ppin", cpuid{0x8000'0008, 0, ebx, 23}> amd_ppin;
    feature<"amd_ssbd", cpuid{0x8000'0008, 0, ebx, 24}> amd_ssbd; // Linux: ssbd
    feature<"virt_ssbd", cpuid{0x8000'0008, 0, ebx, 25}> virt_ssbd;
    feature<"cppc", cpuid{0x8000'0008, 0, ebx, 27}> cppc;
    feature<"brs", cpuid{0x8000'0008, 0, ebx, 31}> brs;
};

/// Secure virtual machine. AMD APM volume 3, appendix E, Fn8000_000A.
struct leaf_8000000a_features {

    feature<"npt", cpuid{0x8000'000a, 0, edx, 0}> npt; // manual: NP
    feature<"lbrv", cpuid{0x8000'000a, 0, edx, 1}> lbrv;
    feature<"svm_lock", cpuid{0x8000'000a, 0, edx, 2}> svm_lock;   // manual: SVML
    feature<"nrip_save", cpuid{0x8000'000a, 0, edx, 3}> nrip_save; // manual: NRIPS
    feature<"tsc_scale", cpuid{0x8000'000a, 0, edx, 4}> tsc_scale; // manual: TscRateMsr
    feature<"vmcb_clean", cpuid{0x8000'000a, 0, edx, 5}> vmcb_clean;
    feature<"flushbyasid", cpuid{0x8000'000a, 0, edx, 6}> flushbyasid;
    feature<"decodeassists", cpuid{0x8000'000a, 0, edx, 7}> decodeassists;
    feature<"pausefilter", cpuid{0x8000'000a, 0, edx, 10}> pausefilter;
    feature<"pfthreshold", cpuid{0x8000'000a, 0, edx, 12}> pfthreshold; // manual: PauseFilterThreshold
    feature<"avic", cpuid{0x8000'000a, 0, edx, 13}> avic;
    feature<"v_vmsave_vmload", cpuid{0x8000'000a, 0, edx, 15}> v_vmsave_vmload; // manual: VMSAVEvirt
    feature<"vgif", cpuid{0x8000'000a, 0, edx, 16}> vgif;
    feature<"x2avic", cpuid{0x8000'000a, 0, edx, 18}> x2avic;
    feature<"v_spec_ctrl", cpuid{0x8000'000a, 0, edx, 20}> v_spec_ctrl; // manual: SpecCtrl
    feature<"vnmi", cpuid{0x8000'000a, 0, edx, 25}> vnmi;
};

/// Memory encryption, further features, performance monitoring. AMD APM volume 3, appendix E,
/// Fn8000_001F, Fn8000_0021 and Fn8000_0022.
struct leaf_8000001f_features {

    feature<"sme", cpuid{0x8000'001f, 0, eax, 0}> sme;
    feature<"sev", cpuid{0x8000'001f, 0, eax, 1}> sev;
    feature<"sev_es", cpuid{0x8000'001f, 0, eax, 3}> sev_es;
    feature<"sev_snp", cpuid{0x8000'001f, 0, eax, 4}> sev_snp;
    feature<"debug_swap", cpuid{0x8000'001f, 0, eax, 14}> debug_swap;
    feature<"svsm", cpuid{0x8000'001f, 0, eax, 28}> svsm;

    feature<"lfence_rdtsc", cpuid{0x8000'0021, 0, eax, 2}> lfence_rdtsc; // LFENCE serializes. Linux: not shown

    feature<"perfmon_v2", cpuid{0x8000'0022, 0, eax, 0}> perfmon_v2;
    feature<"amd_lbr_v2", cpuid{0x8000'0022, 0, eax, 1}> amd_lbr_v2;
    feature<"amd_lbr_pmc_freeze", cpuid{0x8000'0022, 0, eax, 2}> amd_lbr_pmc_freeze;
};

/// VIA, Centaur and Zhaoxin. VIA PadLock Programming Guide, CPUID leaf C0000001H.
struct leaf_c0000001_features {

    feature<"rng", cpuid{0xc000'0001, 0, edx, 2}> rng; // XSTORE; the _en features say that it is turned on
    feature<"rng_en", cpuid{0xc000'0001, 0, edx, 3}> rng_en;
    feature<"ace", cpuid{0xc000'0001, 0, edx, 6}> ace; // XCRYPT
    feature<"ace_en", cpuid{0xc000'0001, 0, edx, 7}> ace_en;
    feature<"ace2", cpuid{0xc000'0001, 0, edx, 8}> ace2;
    feature<"ace2_en", cpuid{0xc000'0001, 0, edx, 9}> ace2_en;
    feature<"phe", cpuid{0xc000'0001, 0, edx, 10}> phe;
    feature<"phe_en", cpuid{0xc000'0001, 0, edx, 11}> phe_en;
    feature<"pmm", cpuid{0xc000'0001, 0, edx, 12}> pmm;
    feature<"pmm_en", cpuid{0xc000'0001, 0, edx, 13}> pmm_en;
};

/// Features without a CPUID bit: set-up code detects them and calls set(). Linux: X86_FEATURE_XENPV,
/// X86_FEATURE_PVUNLOCK, X86_FEATURE_VCPUPREEMPT; none is shown.
struct synthetic_features {
    feature<"xenpv", by_hand{}> xenpv;             ///< runs as a paravirtual guest of Xen
    feature<"pvunlock", by_hand{}> pvunlock;       ///< the hypervisor replaces the spinlock's unlock
    feature<"vcpupreempt", by_hand{}> vcpupreempt; ///< the hypervisor says whether a virtual CPU is preempted
};

#if !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmultiple-inheritance" // the bases are empty
#endif

/// All of them. An aggregate of aggregates whose members are reached without naming the leaf.
struct cpu_features : leaf_1_features,
                      leaf_6_features,
                      leaf_7_features,
                      leaf_7_continued_features,
                      leaf_d_features,
                      leaf_f_features,
                      leaf_80000001_features,
                      leaf_80000007_features,
                      leaf_8000000a_features,
                      leaf_8000001f_features,
                      leaf_c0000001_features,
                      synthetic_features {
    /// Calls `function` with each base, a plain aggregate of features.
    template <class Function>
    constexpr void for_each_group(const Function& function) const {
        function(static_cast<const leaf_1_features&>(*this));
        function(static_cast<const leaf_6_features&>(*this));
        function(static_cast<const leaf_7_features&>(*this));
        function(static_cast<const leaf_7_continued_features&>(*this));
        function(static_cast<const leaf_d_features&>(*this));
        function(static_cast<const leaf_f_features&>(*this));
        function(static_cast<const leaf_80000001_features&>(*this));
        function(static_cast<const leaf_80000007_features&>(*this));
        function(static_cast<const leaf_8000000a_features&>(*this));
        function(static_cast<const leaf_8000001f_features&>(*this));
        function(static_cast<const leaf_c0000001_features&>(*this));
        function(static_cast<const synthetic_features&>(*this));
    }
};

#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

} // namespace x86

/// The features of this CPU: `when<cpu.smap && !cpu.xenpv, ...>`.
inline constexpr x86::cpu_features cpu{};

} // namespace inlay
