// SPDX-License-Identifier: BSL-1.0
//
// hypervisor: which one the kernel runs under, as features of inlay.
//
//     if (hypervisor() == hypervisor_kind::kvm) ...
//     inlay::alternative<nop(3), when<tcg, ...>> ...
//
// What. The vendor of CPUID's leaves from 0x40000000 on, and a feature for each vendor that the kernel knows.
// Why. A synthetic feature decides sites as a processor's own does.
// How. Leaf 1 says first whether a hypervisor exists; only then does the kernel ask for a leaf of its own. Xen presents
// its leaves at 0x40000100 if it presents another's before. A paravirtual guest of Xen knows from how it was started.
#pragma once

#include "cpu.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

enum class hypervisor_kind : u8 { none, unknown, xen, kvm, hyperv, vmware, tcg };

/// By the twelve characters of ebx, ecx, edx.
[[nodiscard]] hypervisor_kind vendor_of(u32 ebx, u32 ecx, u32 edx) noexcept;
[[nodiscard]] hypervisor_kind hypervisor() noexcept;
[[nodiscard]] const char* name_of(hypervisor_kind kind) noexcept;
/// The hypervisor's leaf with this number, from 0; zeros where it has none.
[[nodiscard]] inlay::x86::cpuid_result hypervisor_leaf(u32 number) noexcept;

namespace detail {
inline bool is_xen() noexcept { return hypervisor() == hypervisor_kind::xen; }
inline bool is_kvm() noexcept { return hypervisor() == hypervisor_kind::kvm; }
inline bool is_hyperv() noexcept { return hypervisor() == hypervisor_kind::hyperv; }
inline bool is_vmware() noexcept { return hypervisor() == hypervisor_kind::vmware; }
inline bool is_tcg() noexcept { return hypervisor() == hypervisor_kind::tcg; }
} // namespace detail

inline constexpr inlay::feature<"xen", &detail::is_xen> on_xen;
inline constexpr inlay::feature<"kvm", &detail::is_kvm> on_kvm;
inline constexpr inlay::feature<"hyperv", &detail::is_hyperv> on_hyperv;
inline constexpr inlay::feature<"vmware", &detail::is_vmware> on_vmware;
inline constexpr inlay::feature<"tcg", &detail::is_tcg> on_tcg;

/// The hypervisor by features alone: one instruction with the answer in it, once apply() ran.
[[nodiscard]] hypervisor_kind hypervisor_by_site() noexcept;

} // namespace kernel
