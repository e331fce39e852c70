// SPDX-License-Identifier: BSL-1.0
//
// hypervisor: reads the leaves that hypervisors have for themselves. See hypervisor.hpp.
#include "hypervisor.hpp"

#include <inlay/kernel.hpp>
#include <inlay/pv/linux.hpp>

namespace kernel {

namespace {

constexpr u32 first_leaf = 0x40000000;
constexpr u32 leaves_apart = 0x100;

struct vendor {
    char text[13];
    hypervisor_kind kind;
};
constexpr vendor vendors[] = {{"XenVMMXenVMM", hypervisor_kind::xen},
                              {"KVMKVMKVM\0\0\0", hypervisor_kind::kvm},
                              {"Microsoft Hv", hypervisor_kind::hyperv},
                              {"VMwareVMware", hypervisor_kind::vmware},
                              {"TCGTCGTCGTCG", hypervisor_kind::tcg}};

[[nodiscard]] constexpr u32 word_of(const char* text) noexcept {
    u32 value = 0;
    for (unsigned i = 0; i < 4; ++i) {
        value |= u32{static_cast<u8>(text[i])} << (8 * i);
    }
    return value;
}

/// Through the operation: a hypervisor may want CPUID done in another way.
[[nodiscard]] inlay::x86::cpuid_result ask(u32 leaf) noexcept {
    u32 registers[4] = {leaf, 0, 0, 0};
    inlay::x86::pv::cpuid(registers);
    return {registers[0], registers[1], registers[2], registers[3]};
}

constinit u32 base = 0; // of the leaves that count
constinit hypervisor_kind found = hypervisor_kind::none;
constinit bool asked = false;

void find() noexcept {
    constexpr u32 hypervisor_present = u32{1} << 31;
    asked = true;
    if ((ask(1).ecx & hypervisor_present) == 0) {
        return;
    }
    for (base = first_leaf; base < first_leaf + 4 * leaves_apart; base += leaves_apart) {
        const auto leaf = ask(base);
        found = vendor_of(leaf.ebx, leaf.ecx, leaf.edx);
        if (found != hypervisor_kind::unknown && found != hypervisor_kind::hyperv) {
            return; // other hypervisors also imitate Hyper-V's leaves: look on
        }
    }
    base = first_leaf;
    const auto leaf = ask(base);
    found = vendor_of(leaf.ebx, leaf.ecx, leaf.edx);
}

} // namespace

hypervisor_kind vendor_of(u32 ebx, u32 ecx, u32 edx) noexcept {
    for (const vendor& each : vendors) {
        if (ebx == word_of(each.text) && ecx == word_of(each.text + 4) && edx == word_of(each.text + 8)) {
            return each.kind;
        }
    }
    return hypervisor_kind::unknown;
}

hypervisor_kind hypervisor() noexcept {
    if (!asked) {
        find();
    }
    return found;
}

hypervisor_kind hypervisor_by_site() noexcept {
    using namespace inlay::x86::insn;
    using inlay::when;
    static constexpr auto number =
        inlay::alternative<mov(eax, 0), when<on_xen, mov(eax, 2)>, when<on_kvm, mov(eax, 3)>,
                           when<on_hyperv, mov(eax, 4)>, when<on_vmware, mov(eax, 5)>, when<on_tcg, mov(eax, 6)>>{}
            .named<"hypervisor">()
            .returns<rax, u32>();
    return static_cast<hypervisor_kind>(number());
}

const char* name_of(hypervisor_kind kind) noexcept {
    switch (kind) {
    case hypervisor_kind::none:
        return "none";
    case hypervisor_kind::xen:
        return "Xen";
    case hypervisor_kind::kvm:
        return "KVM";
    case hypervisor_kind::hyperv:
        return "Hyper-V";
    case hypervisor_kind::vmware:
        return "VMware";
    case hypervisor_kind::tcg:
        return "TCG";
    default:
        return "unknown";
    }
}

inlay::x86::cpuid_result hypervisor_leaf(u32 number) noexcept {
    if (hypervisor() == hypervisor_kind::none || number > ask(base).eax - base) {
        return {};
    }
    return ask(base + number);
}

} // namespace kernel
