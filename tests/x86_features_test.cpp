// SPDX-License-Identifier: BSL-1.0
//
// The CPUID probes of inlay::cpu against Linux's findings on the same machine, and against dumps made up here.

#include "inlay/arch/x86/cpu_names.hpp"
#include "inlay/features.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <sys/utsname.h>

namespace {

using inlay::cpu;
using inlay::x86::cpuid;
using inlay::x86::cpuid_result;
using inlay::x86::holds;

struct exception {
    std::string_view name;
    std::string_view reason;
};

// Features that CPUID may show although /proc/cpuinfo does not (Linux 6.1 and later). A flag that is missing
// here and in /proc/cpuinfo is a wrong bit, or a flag that deserves a line and a reason.
constexpr std::array hidden_by_linux{
    // Linux has the bit, but not a flag.
    exception{"osxsave", "says what the kernel itself did"},
    exception{"shstk", "shown as user_shstk, where the kernel is built with it"},
    exception{"hybrid_cpu", "only the kernel's own code asks"},
    exception{"spec_ctrl", "shown as ibrs and ibpb"},
    exception{"intel_stibp", "shown as stibp"},
    exception{"spec_ctrl_ssbd", "shown as ssbd"},
    exception{"amd_ibrs", "shown as ibrs"},
    exception{"amd_ibpb", "shown as ibpb"},
    exception{"amd_stibp", "shown as stibp"},
    exception{"amd_ssbd", "shown as ssbd"},
    exception{"lfence_rdtsc", "only the kernel's own code asks"},
    exception{"invlpgb", "only the kernel's own code asks"},
    exception{"lkgs", "only the kernel's own code asks"},
    exception{"wrmsrns", "only the kernel's own code asks"},
    exception{"msr_imm", "only the kernel's own code asks"},
    exception{"apx", "only the kernel's own code asks"},
    exception{"sha512", "known for KVM's guests only"},
    exception{"sm3", "known for KVM's guests only"},
    exception{"sm4", "known for KVM's guests only"},
    exception{"cmpccxadd", "known for KVM's guests only"},
    exception{"fzrm", "known for KVM's guests only"},
    exception{"fsrs", "known for KVM's guests only"},
    exception{"fsrc", "known for KVM's guests only"},
    exception{"amx_fp16", "known for KVM's guests only"},
    exception{"amx_complex", "known for KVM's guests only"},
    exception{"avx_ifma", "known for KVM's guests only"},
    exception{"avx_vnni_int8", "known for KVM's guests only"},
    exception{"avx_vnni_int16", "known for KVM's guests only"},
    exception{"avx_ne_convert", "known for KVM's guests only"},
    exception{"avx10", "known for KVM's guests only"},

    // Younger than Linux 6.1, or left out of a kernel by its configuration.
    exception{"lass", "younger than Linux 6.1; cleared where vsyscalls are emulated"},
    exception{"lam", "younger than Linux 6.1; cleared with CONFIG_ADDRESS_MASKING off"},
    exception{"fred", "younger than Linux 6.1; cleared with CONFIG_X86_FRED off or without fred=on"},
    exception{"sev_snp", "younger than Linux 6.1; cleared where the firmware reserved no reverse map table"},
    exception{"debug_swap", "younger than Linux 6.1"},
    exception{"svsm", "younger than Linux 6.1"},
    exception{"vnmi", "younger than Linux 6.1 as the SVM feature"},
    exception{"la57", "cleared with CONFIG_X86_5LEVEL off and by no5lvl"},
    exception{"ibt", "cleared with CONFIG_X86_KERNEL_IBT off and by ibt=off"},
    exception{"umip", "cleared with CONFIG_X86_UMIP off"},
    exception{"pku", "cleared by nopku"},
    exception{"ospke", "cleared by nopku"},
    exception{"sgx", "cleared with CONFIG_X86_SGX off, by nosgx, and where the firmware locked it off"},
    exception{"sgx_lc", "cleared with sgx"},
    exception{"enqcmd", "cleared by kernels without support for PASIDs"},
    exception{"x2apic", "cleared with CONFIG_X86_X2APIC off and by nox2apic"},

    // The firmware decides by a model-specific register that CPUID does not mirror.
    exception{"vmx", "IA32_FEATURE_CONTROL locked without it"},
    exception{"smx", "IA32_FEATURE_CONTROL"},
    exception{"svm", "VM_CR.SVMDIS"},
    exception{"sme", "SYSCFG.MEM_ENCRYPT_EN clear"},
    exception{"sev", "SYSCFG.MEM_ENCRYPT_EN clear, or HWCR.SMMLOCK clear"},
    exception{"sev_es", "cleared with sev"},
    exception{"tme", "IA32_TME_ACTIVATE not locked or not enabled"},
    exception{"pconfig", "goes with tme"},
    exception{"intel_ppin", "IA32_PPIN_CTL locked without it"},
    exception{"amd_ppin", "PPIN_CTL locked without it"},
    exception{"erms", "IA32_MISC_ENABLE without fast strings"},

    // Errata and mitigations.
    exception{"rdrand", "not trusted after suspend on AMD families 15h and 16h, nor if it fails its test"},
    exception{"rdseed", "as rdrand; a microcode bug on AMD family 1Ah"},
    exception{"xsaves", "AMD erratum 1386, families 17h"},
    exception{"irperf", "AMD erratum 1054, early Zen"},
    exception{"pcid", "nopcid; Intel erratum of INVLPG with global pages"},
    exception{"invpcid", "noinvpcid"},
    exception{"ss", "Intel models whose self-snoop does not settle conflicting memory types"},
    exception{"pat", "nopat; Intel erratum AN7, up to Yonah"},
    exception{"mtrr", "Xen and TDX guests"},
    exception{"tsc_deadline_timer", "Intel erratum, before a microcode update"},
    exception{"lahf_lm", "AMD erratum 110, early K8"},
    exception{"pse", "Atom erratum AAE44"},
    exception{"sep", "Pentium Pro: CPUID shows it, the CPU lacks it"},
    exception{"hle", "tsx=off"},
    exception{"rtm", "tsx=off"},
    exception{"virt_ssbd", "cleared where amd_ssbd does it without a hypervisor's help"},
    exception{"arch_capabilities", "an Intel MSR that KVM offers to AMD guests too; no flag there (Linux 6.18)"},
    exception{"bus_lock_detect", "not set up with split_lock_detect=off"},
    exception{"arch_lbr", "cleared where its leaf lists no depth"},
    exception{"brs", "needs a register that hypervisors do not offer"},

    // Other options of the kernel's command line.
    exception{"fsgsbase", "nofsgsbase"},
    exception{"clflush", "noclflush"},
    exception{"apic", "nolapic"},
    exception{"monitor", "cleared in Xen guests"},
};

// Flags that Linux sets from its knowledge of the CPU, with or without the bit.
constexpr std::array set_by_linux{
    exception{"arat", "set for AMD families after 11h, whose leaf 6 may be silent"},
    exception{"cpb", "AMD erratum 1076: the bit is missing on some of family 17h"},
    exception{"3dnowprefetch", "set for AMD CPUs with 3DNow! or long mode"},
    exception{"mba", "AMD shows its own in Fn8000_0008 ebx bit 6"},
    exception{"vnmi", "in Linux 6.1 the flag is the one of Intel VMX; CPUID does not show it"},
};

template <std::size_t N>
bool lists(const std::array<exception, N>& list, std::string_view name) {
    return std::ranges::any_of(list, [&](const exception& some) { return some.name == name; });
}

template <class Feature>
constexpr bool has_cpuid_probe = std::is_same_v<decltype(Feature::probe()), cpuid>;

struct named_probe {
    const char* name;
    cpuid probe;
};

/// As constants: with code for each of the features, Clang took 23 s for this file in place of 5 s.
constexpr auto names_in_order = [] {
    std::array<const char*, inlay::feature_count> all{};
    std::size_t next = 0;
    inlay::for_each_feature([&](auto feature) { all[next++] = feature.text(); });
    return all;
}();
constexpr auto probes_and_rest = [] {
    std::array<named_probe, inlay::feature_count> all{};
    std::size_t next = 0;
    inlay::for_each_feature([&]<class Feature>(Feature feature) {
        if constexpr (has_cpuid_probe<Feature>) {
            static_assert(Feature::probe().bit < 32);
            all[next++] = {feature.text(), feature.probe()};
        }
    });
    return std::pair{all, next};
}();
std::span<const named_probe> all_probes() { return std::span{probes_and_rest.first}.first(probes_and_rest.second); }

// Cores may differ on one machine, and the test may run on any.
struct cpuinfo {
    std::set<std::string> on_all;
    std::set<std::string> on_some;
};

cpuinfo read_cpuinfo() {
    cpuinfo found;
    bool first = true;
    std::ifstream file{"/proc/cpuinfo"};
    for (std::string line; std::getline(file, line);) {
        const auto colon = line.find(':');
        if (!line.starts_with("flags") || colon == std::string::npos) {
            continue;
        }
        std::istringstream words{line.substr(colon + 1)};
        const std::set<std::string> flags{std::istream_iterator<std::string>{words}, {}};
        found.on_some.insert(flags.begin(), flags.end());
        if (std::exchange(first, false)) {
            found.on_all = flags;
        }
        std::erase_if(found.on_all, [&](const std::string& flag) { return !flags.contains(flag); });
    }
    return found;
}

TEST(CpuFeatures, HoldsWhereLinuxShowsTheFlag) {
    const auto linux_found = read_cpuinfo();
    if (linux_found.on_all.empty()) {
        GTEST_SKIP() << "/proc/cpuinfo shows no flags";
    }
    unsigned shown = 0;
    for (const auto& [name, probe] : all_probes()) {
        if (linux_found.on_all.contains(name)) {
            ++shown;
            EXPECT_TRUE(holds(probe, inlay::x86::this_cpu{}) || lists(set_by_linux, name))
                << name << " is a flag in /proc/cpuinfo, but its probe does not hold";
        }
    }
    EXPECT_GE(shown, 20U) << "hardly a name of inlay::cpu is one of Linux's";
}

TEST(CpuFeatures, IsShownByLinuxWhereItHolds) {
    const auto linux_found = read_cpuinfo();
    if (linux_found.on_some.empty()) {
        GTEST_SKIP() << "/proc/cpuinfo shows no flags";
    }
    utsname kernel{};
    unsigned major = 0;
    unsigned minor = 0;
    if (uname(&kernel) != 0 || std::sscanf(kernel.release, "%u.%u", &major, &minor) != 2 ||
        std::pair{major, minor} < std::pair{6U, 1U}) {
        GTEST_SKIP() << "older than Linux 6.1: does not know all the flags";
    }
    for (const auto& [name, probe] : all_probes()) {
        if (holds(probe, inlay::x86::this_cpu{})) {
            EXPECT_TRUE(linux_found.on_some.contains(name) || lists(hidden_by_linux, name))
                << name << " holds, but is no flag in /proc/cpuinfo";
        }
    }
}

TEST(CpuFeatures, ExceptionsNameFeaturesAndReasons) {
    std::set<std::string> names;
    for (const auto& [name, probe] : all_probes()) {
        names.insert(name);
    }
    const auto check = [&](const auto& list) {
        std::set<std::string_view> seen;
        for (const auto& [name, reason] : list) {
            EXPECT_TRUE(names.contains(std::string{name})) << name;
            EXPECT_FALSE(reason.empty()) << name;
            EXPECT_TRUE(seen.insert(name).second) << name << " is listed twice";
        }
    };
    check(hidden_by_linux);
    check(set_by_linux);
}

TEST(CpuFeatures, AreMany) {
    EXPECT_GE(inlay::feature_count, 120U);
    std::size_t walked = 0;
    inlay::for_each_feature([&](auto) { ++walked; });
    EXPECT_EQ(walked, inlay::feature_count);
    // Only features without a CPUID bit are found by hand.
    EXPECT_EQ(all_probes().size() + 3, inlay::feature_count);
}

TEST(CpuFeatures, HaveNamesAndProbesOfTheirOwn) {
    std::set<std::string> names;
    std::map<std::tuple<std::uint32_t, unsigned, unsigned, unsigned>, std::string> places;
    for (const char* const name : names_in_order) {
        EXPECT_TRUE(names.insert(name).second) << name << " is declared twice";
    }
    for (const auto& [name, probe] : all_probes()) {
        const auto [place, fresh] = places.insert({{probe.leaf, probe.subleaf, probe.reg.number, probe.bit}, name});
        EXPECT_TRUE(fresh) << name << " has the bit of " << place->second;
    }
}

TEST(CpuFeatures, ListOfNamesIsThatOfTheAggregate) {
    std::string names = " ";
    for (const char* const name : names_in_order) {
        names += std::string{name} + ' ';
    }
    EXPECT_EQ(names, inlay::x86::feature_names);
    EXPECT_TRUE(inlay::x86::is_feature_name("avx2", 4));
    EXPECT_TRUE(inlay::x86::is_feature_name("fpu", 3)) << "the first";
    EXPECT_FALSE(inlay::x86::is_feature_name("avx", 2));
    EXPECT_FALSE(inlay::x86::is_feature_name("avx2x", 5));
    EXPECT_FALSE(inlay::x86::is_feature_name("", 0));
    EXPECT_FALSE(inlay::x86::is_feature_name("fpu vme", 7)) << "two";
}

TEST(CpuFeatures, ProbesSurviveTheirEncoding) {
    for (const auto& [name, probe] : all_probes()) {
        EXPECT_EQ(cpuid::decode(probe.encode()), probe) << name;
    }
    constexpr cpuid widest{0xffff'ffff, 0xffff, inlay::x86::edx, 31, 0xffff'ffff};
    static_assert(cpuid::decode(widest.encode()) == widest);
}

// The shape that users write: a member of `cpu` as a template argument.
template <auto Predicate>
struct when {};
static_assert(inlay::predicate<decltype(cpu.smap)>);
static_assert(!std::is_same_v<when<cpu.smap>, when<cpu.smep>>);
static_assert(std::is_same_v<when<!!cpu.sse2>, when<cpu.sse2>>);
static_assert(!std::is_same_v<when<cpu.sse2 && !cpu.xenpv>, when<cpu.sse2>>);
static_assert(std::string_view{cpu.amd_3dnow.text()} == "3dnow");

/// A CPU made up for a test. Leaves that it lacks answer all ones, so that the test fails for code that trusts them.
class dump {
public:
    using place = std::pair<std::uint32_t, std::uint32_t>;

    explicit dump(std::map<place, cpuid_result> leaves, std::uint64_t state = 0)
        : leaves_{std::move(leaves)}, xcr0_{state} {}

    cpuid_result cpuid(std::uint32_t leaf, std::uint32_t subleaf) const {
        asked_.insert({leaf, subleaf});
        const auto found = leaves_.find({leaf, subleaf});
        return found != leaves_.end() ? found->second : cpuid_result{~0U, ~0U, ~0U, ~0U};
    }

    std::uint64_t xcr0() const {
        ++xgetbvs_;
        return xcr0_;
    }

    [[nodiscard]] bool asked(std::uint32_t leaf, std::uint32_t subleaf) const {
        return asked_.contains({leaf, subleaf});
    }
    [[nodiscard]] unsigned xgetbvs() const { return xgetbvs_; }

private:
    std::map<place, cpuid_result> leaves_;
    std::uint64_t xcr0_;
    mutable std::set<place> asked_;
    mutable unsigned xgetbvs_ = 0;
};

constexpr std::uint32_t bit(unsigned number) { return std::uint32_t{1} << number; }
constexpr std::uint32_t osxsave_bit = bit(27);
constexpr std::uint32_t avx_bit = bit(28);

/// A CPU with AVX, AVX-512F and AMX; the OS enabled `state`; `leaf_1_ecx` may lack OSXSAVE.
dump vector_cpu(std::uint32_t leaf_1_ecx, std::uint64_t state) {
    return dump{{{{0, 0}, {7, 0, 0, 0}}, {{1, 0}, {0, 0, leaf_1_ecx, 0}}, {{7, 0}, {0, bit(16), bit(3), bit(24)}}},
                state};
}

TEST(CpuidProbe, NeedsOsxsaveForState) {
    auto off = vector_cpu(avx_bit, 0xe7);
    EXPECT_FALSE(holds(cpu.avx.probe(), off));
    EXPECT_EQ(off.xgetbvs(), 0U) << "XGETBV raises #UD where OSXSAVE is clear";

    auto on = vector_cpu(avx_bit | osxsave_bit, 0xe7);
    EXPECT_TRUE(holds(cpu.avx.probe(), on));
    EXPECT_EQ(on.xgetbvs(), 1U);
}

TEST(CpuidProbe, NeedsAllOfTheState) {
    constexpr std::uint32_t ecx = avx_bit | osxsave_bit;
    EXPECT_TRUE(holds(cpu.avx.probe(), vector_cpu(ecx, 0x7)));
    EXPECT_FALSE(holds(cpu.avx.probe(), vector_cpu(ecx, 0x3))) << "SSE state only";
    EXPECT_TRUE(holds(cpu.avx512f.probe(), vector_cpu(ecx, 0xe7)));
    EXPECT_FALSE(holds(cpu.avx512f.probe(), vector_cpu(ecx, 0x7))) << "no opmask, no ZMM";
    EXPECT_FALSE(holds(cpu.avx512f.probe(), vector_cpu(ecx, 0x67))) << "no Hi16_ZMM";
    EXPECT_FALSE(holds(cpu.avx512f.probe(), vector_cpu(ecx, 0xe1))) << "no YMM";
    EXPECT_TRUE(holds(cpu.amx_tile.probe(), vector_cpu(ecx, 0x6'00e7)));
    EXPECT_FALSE(holds(cpu.amx_tile.probe(), vector_cpu(ecx, 0x2'00e7))) << "no TILEDATA";
}

TEST(CpuidProbe, AsksNoStateWhereNoneIsNeeded) {
    auto machine = vector_cpu(0, 0);
    EXPECT_TRUE(holds(cpu.pku.probe(), machine));
    EXPECT_FALSE(holds(cpu.ospke.probe(), machine));
    EXPECT_FALSE(holds(cpu.avx2.probe(), machine));
    EXPECT_EQ(machine.xgetbvs(), 0U);
}

TEST(CpuidProbe, TrustsNoLeafBeyondTheLast) {
    dump old{{{{0, 0}, {2, 0, 0, 0}}, {{1, 0}, {0, 0, 0, bit(0)}}}};
    EXPECT_TRUE(holds(cpu.fpu.probe(), old));
    EXPECT_FALSE(holds(cpu.smap.probe(), old));
    EXPECT_FALSE(holds(cpu.xsaveopt.probe(), old));
    EXPECT_FALSE(old.asked(7, 0));
    EXPECT_FALSE(old.asked(0xd, 1));
}

TEST(CpuidProbe, TrustsNoExtendedLeafBeyondTheLast) {
    dump some{
        {{{0, 0}, {1, 0, 0, 0}}, {{0x8000'0000, 0}, {0x8000'0001, 0, 0, 0}}, {{0x8000'0001, 0}, {0, 0, 0, bit(29)}}}};
    EXPECT_TRUE(holds(cpu.lm.probe(), some));
    EXPECT_FALSE(holds(cpu.nx.probe(), some));
    EXPECT_FALSE(holds(cpu.clzero.probe(), some));
    EXPECT_FALSE(some.asked(0x8000'0008, 0));

    // Without extended leaves, Intel answers with the last basic leaf, AMD with zeros.
    dump intel{{{{0, 0}, {2, 0, 0, 0}}, {{0x8000'0000, 0}, {0x665b'5001, 0, 0, 0x003c'7000}}}};
    EXPECT_FALSE(holds(cpu.lm.probe(), intel));
    dump amd{{{{0, 0}, {1, 0, 0, 0}}, {{0x8000'0000, 0}, {0, 0, 0, 0}}, {{0xc000'0000, 0}, {0, 0, 0, 0}}}};
    EXPECT_FALSE(holds(cpu.lm.probe(), amd));
    EXPECT_FALSE(holds(cpu.ace.probe(), amd));
    // All ones: no range ends there.
    dump noise{{}};
    EXPECT_FALSE(holds(cpu.fpu.probe(), noise));
    EXPECT_FALSE(holds(cpu.lm.probe(), noise));
}

TEST(CpuidProbe, TrustsNoSubleafBeyondTheLast) {
    dump one{{{{0, 0}, {7, 0, 0, 0}}, {{7, 0}, {0, 0, 0, 0}}}};
    EXPECT_FALSE(holds(cpu.lam.probe(), one));
    EXPECT_FALSE(one.asked(7, 1));

    dump two{{{{0, 0}, {7, 0, 0, 0}}, {{7, 0}, {1, 0, 0, 0}}, {{7, 1}, {bit(26), 0, 0, 0}}}};
    EXPECT_TRUE(holds(cpu.lam.probe(), two));
    EXPECT_FALSE(holds(cpu.fred.probe(), two));
}

TEST(CpuidProbe, TrustsNoResourceThatIsNotListed) {
    dump none{{{{0, 0}, {0x10, 0, 0, 0}}, {{0xf, 0}, {0, 0, 0, 0}}, {{0x10, 0}, {0, bit(2), 0, 0}}}};
    EXPECT_FALSE(holds(cpu.cqm_mbm_total.probe(), none));
    EXPECT_FALSE(none.asked(0xf, 1));
    EXPECT_TRUE(holds(cpu.cat_l2.probe(), none));
    EXPECT_FALSE(holds(cpu.cdp_l3.probe(), none));
    EXPECT_FALSE(none.asked(0x10, 1));
}

// holds() is a constant expression where its source is.
struct tiny_cpu {
    static constexpr cpuid_result cpuid(std::uint32_t leaf, std::uint32_t) {
        return leaf == 0 ? cpuid_result{1, 0, 0, 0} : cpuid_result{0, 0, bit(23), 0};
    }
    static constexpr std::uint64_t xcr0() { return 0; }
};
static_assert(holds(cpu.popcnt.probe(), tiny_cpu{}));
static_assert(!holds(cpu.sse4_2.probe(), tiny_cpu{}));

} // namespace
