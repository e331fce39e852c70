// SPDX-License-Identifier: BSL-1.0
//
// aarch64: reads and writes AArch64's system registers; a register of a feature needs a proof of the feature.
//
//     using namespace inlay::aarch64::insn;                              // names of registers
//     auto midr = inlay::aarch64::read<midr_el1>();
//     inlay::aarch64::write<vbar_el1>(address);
//     if (auto pmu = inlay::proof<inlay::cpu.pmuv3>()) {
//         auto control = inlay::aarch64::read<pmcr_el0>(pmu);            // does not compile without `pmu`
//     }
//
// How it works. Each is one mrs or msr, in order with the compiler's other accesses to memory. The caller adds the
// barriers that the processor needs (isb, dsb). A register names the group that it belongs to, and a group the feature.
//
// For code that a feature already selects, such as a form of `when<cpu.gicv3, ...>`, insn.hpp has mrs and msr without
// proofs.
#pragma once

#include "inlay/arch/aarch64/cpu.hpp"
#include "inlay/arch/aarch64/machine.hpp"
#include "inlay/arch/aarch64/system_registers.hpp"
#include "inlay/proof.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64 {

namespace detail {

/// The proof that a register of a group takes.
template <register_group Group>
struct proof_for;
template <>
struct proof_for<register_group::pmu> {
    using type = proof_of<inlay::cpu.pmuv3>;
};
template <>
struct proof_for<register_group::gic> {
    using type = proof_of<inlay::cpu.gicv3>;
};

template <system_register Register, bool Read>
[[nodiscard]] consteval bool may_access() noexcept {
    static_assert(!Read || Register.access != register_access::write_only,
                  "inlay: this system register is written only");
    static_assert(Read || Register.access != register_access::read_only, "inlay: this system register is read only");
    return true;
}
template <register_group Group>
[[nodiscard]] consteval bool needs_no_proof() noexcept {
    static_assert(Group != register_group::pmu,
                  "inlay: a processor without a PMU does not have this register: if (auto "
                  "pmu = inlay::proof<inlay::cpu.pmuv3>()) { read<pmcr_el0>(pmu); }");
    static_assert(Group != register_group::gic,
                  "inlay: a processor without the GIC's system registers does not have this register: if (auto gic = "
                  "inlay::proof<inlay::cpu.gicv3>()) { read<icc_pmr_el1>(gic); }");
    return true;
}

} // namespace detail

/// The value of the register.
template <system_register Register>
[[nodiscard, gnu::always_inline]] inline uint64_t read() noexcept {
    static_assert(detail::may_access<Register, true>() && detail::needs_no_proof<Register.group>());
    return emit::read_system<Register.number>();
}
template <system_register Register>
    requires(Register.group != register_group::every)
[[nodiscard, gnu::always_inline]] inline uint64_t
read(typename detail::proof_for<Register.group>::type /*proof*/) noexcept {
    static_assert(detail::may_access<Register, true>());
    return emit::read_system<Register.number>();
}

/// Sets the register.
template <system_register Register>
[[gnu::always_inline]] inline void write(uint64_t value) noexcept {
    static_assert(detail::may_access<Register, false>() && detail::needs_no_proof<Register.group>());
    emit::write_system<Register.number>(value);
}
template <system_register Register>
    requires(Register.group != register_group::every)
[[gnu::always_inline]] inline void write(typename detail::proof_for<Register.group>::type /*proof*/,
                                         uint64_t value) noexcept {
    static_assert(detail::may_access<Register, false>());
    emit::write_system<Register.number>(value);
}

} // namespace aarch64
} // namespace inlay
