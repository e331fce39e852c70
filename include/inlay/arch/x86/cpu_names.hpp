// SPDX-License-Identifier: BSL-1.0
//
// cpu_names: the names of `inlay::cpu` as text, so that an override may name a feature that no site uses.
//
//     inlay::x86::is_feature_name("avx2", 4)
//
// How it works. Walking the aggregate with Boost.PFR (features.hpp) would give the same names, but costs more than half
// a second of compile time in each unit. This list costs none. tests/x86_features_test.cpp compares the two.
#pragma once

#include "inlay/name.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace x86 {

/// Every name of cpu_features, in the order of declaration, between blanks.
inline constexpr char feature_names[] = // NOLINT(*-avoid-c-arrays)
    " fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 pn clflush dts acpi mmx "
    "fxsr sse sse2 ss ht tm ia64 pbe pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg "
    "fma cx16 xtpr pdcm pcid dca sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave osxsave "
    "avx f16c rdrand hypervisor dtherm ida arat pln pts hwp hwp_notify hwp_act_window hwp_epp hwp_pkg_req "
    "hfi aperfmperf epb fsgsbase tsc_adjust sgx bmi1 hle avx2 smep bmi2 erms invpcid rtm cqm mpx rdt_a "
    "avx512f avx512dq rdseed adx smap avx512ifma clflushopt clwb intel_pt avx512pf avx512er avx512cd "
    "sha_ni avx512bw avx512vl avx512vbmi umip pku ospke waitpkg avx512_vbmi2 shstk gfni vaes vpclmulqdq "
    "avx512_vnni avx512_bitalg tme avx512_vpopcntdq la57 rdpid bus_lock_detect cldemote movdiri movdir64b "
    "enqcmd sgx_lc avx512_4vnniw avx512_4fmaps fsrm avx512_vp2intersect md_clear serialize hybrid_cpu "
    "tsxldtrk pconfig arch_lbr ibt amx_bf16 avx512_fp16 amx_tile amx_int8 spec_ctrl intel_stibp flush_l1d "
    "arch_capabilities spec_ctrl_ssbd sha512 sm3 sm4 avx_vnni avx512_bf16 lass cmpccxadd fzrm fsrs fsrc "
    "fred lkgs wrmsrns amx_fp16 avx_ifma lam intel_ppin msr_imm avx_vnni_int8 avx_ne_convert amx_complex "
    "avx_vnni_int16 avx10 apx xsaveopt xsavec xgetbv1 xsaves cqm_llc cqm_occup_llc cqm_mbm_total "
    "cqm_mbm_local cat_l3 cat_l2 mba cdp_l3 cdp_l2 syscall mp nx mmxext fxsr_opt pdpe1gb rdtscp lm "
    "3dnowext 3dnow lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse 3dnowprefetch osvw "
    "ibs xop skinit wdt fma4 tce nodeid_msr tbm topoext perfctr_core perfctr_nb bpext ptsc perfctr_llc "
    "mwaitx overflow_recov succor smca hw_pstate nonstop_tsc cpb proc_feedback acc_power rapl clzero "
    "irperf xsaveerptr invlpgb rdpru wbnoinvd amd_ibpb amd_ibrs amd_stibp amd_ppin amd_ssbd virt_ssbd "
    "cppc brs npt lbrv svm_lock nrip_save tsc_scale vmcb_clean flushbyasid decodeassists pausefilter "
    "pfthreshold avic v_vmsave_vmload vgif x2avic v_spec_ctrl vnmi sme sev sev_es sev_snp debug_swap svsm "
    "lfence_rdtsc perfmon_v2 amd_lbr_v2 amd_lbr_pmc_freeze rng rng_en ace ace_en ace2 ace2_en phe phe_en "
    "pmm pmm_en xenpv pvunlock vcpupreempt ";

/// Whether the `length` characters at `name` are one of them.
[[nodiscard]] constexpr bool is_feature_name(const char* name, size_t length) noexcept {
    return inlay::detail::is_word_of(feature_names, name, length);
}

} // namespace x86
} // namespace inlay
