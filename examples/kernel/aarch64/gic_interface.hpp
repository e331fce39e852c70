// SPDX-License-Identifier: BSL-1.0
//
// gic_interface: the CPU interfaces of GICv2 and GICv3, as alternatives.
//
//     const u32 taken = acknowledge_site(interface);      // GICv2: a load; GICv3: a system register
//
// What. Acknowledge, end of interrupt, software-generated interrupts, priority mask, enable, and the two fields of an
// acknowledged interrupt. Each site has a form for GICv2 and one for GICv3, with the barriers that this version needs.
// Why. One image drives both versions, and no code in the path of an interrupt asks for the version.
// How. gic::begin() finds the controller and sets the features `gicv2` and `gicv3`. Until apply() has run, a site calls
// a function that asks for the version; so it works before apply(), too.
//
// The barriers:
//   GICv3, SGI: `dsb ishst` before the write to ICC_SGI1R_EL1, because no `dmb` orders stores before a write to a
//     system register; `isb` after it, so that the SGI is sent now.
//   GICv3, acknowledge: `dsb sy` after the read of ICC_IAR1_EL1: the interrupt is active before later accesses.
//   GICv3, end of interrupt: `isb` after the write to ICC_EOIR1_EL1.
//   GICv2: the registers are memory. `dsb st` before a store and `dsb ld` after a load, as in writel() and readl().
#pragma once

#include "features.hpp"
#include "gic_registers.hpp"

#include <inlay/kernel.hpp>

namespace kernel::gic {

/// 0 (none), 2 or 3: for the set-up, and for the sites before apply().
extern u32 found_version;

namespace forms {

namespace insn = inlay::aarch64::insn;
using insn::barrier, insn::dsb, insn::isb, insn::ldr, insn::lsl, insn::lsr, insn::mov, insn::mrs, insn::msr, insn::orr,
    insn::ptr, insn::str;
using insn::icc_eoir1_el1, insn::icc_iar1_el1, insn::icc_igrpen1_el1, insn::icc_pmr_el1, insn::icc_sgi1r_el1;
using insn::w0, insn::w1, insn::w2, insn::x0, insn::x1, insn::x2;

// Barriers that a test removes, to see that it finds out (CMakeLists.txt: KERNEL_MUTATION).
#ifdef KERNEL_MUTATION_NO_SGI_DSB
inline constexpr auto before_sgi = inlay::none;
#else
inline constexpr auto before_sgi = dsb(barrier::ishst);
#endif
#ifdef KERNEL_MUTATION_NO_SGI_ISB
inline constexpr auto after_sgi = inlay::none;
#else
inline constexpr auto after_sgi = isb();
#endif
#ifdef KERNEL_MUTATION_NO_SGIR_DSB
inline constexpr auto before_sgir = inlay::none;
#else
inline constexpr auto before_sgir = dsb(barrier::st);
#endif
#ifdef KERNEL_MUTATION_NO_IAR_DSB
inline constexpr auto after_iar_v2 = inlay::none;
inline constexpr auto after_iar_v3 = inlay::none;
#else
inline constexpr auto after_iar_v2 = dsb(barrier::ld);
inline constexpr auto after_iar_v3 = dsb(barrier::sy);
#endif
#ifdef KERNEL_MUTATION_NO_EOI_ISB
inline constexpr auto after_eoi = inlay::none;
#else
inline constexpr auto after_eoi = isb();
#endif

// x0: the CPU interface of GICv2 (the distributor, for the SGI); GICv3 has no use for it. x1: the value.
inline constexpr auto acknowledge_v2 = ldr(w0, ptr(x0, gicc_iar)) + after_iar_v2;
inline constexpr auto acknowledge_v3 = mrs(x0, icc_iar1_el1) + after_iar_v3;

// x0: the result of acknowledge. GICv2: number in bits 0 to 9, sender of an SGI in 10 to 12. GICv3: number in 0 to 23.
inline constexpr auto number_v2 = lsl(w0, w0, 22) + lsr(w0, w0, 22);
inline constexpr auto number_v3 = lsl(w0, w0, 8) + lsr(w0, w0, 8);
#ifdef KERNEL_MUTATION_WRONG_SENDER
inline constexpr auto sender_v2 = lsl(w0, w0, 18) + lsr(w0, w0, 29);
#else
inline constexpr auto sender_v2 = lsl(w0, w0, 19) + lsr(w0, w0, 29);
#endif
inline constexpr auto sender_v3 = mov(w0, -1);

inline constexpr auto end_v2 = dsb(barrier::st) + str(w1, ptr(x0, gicc_eoir));
inline constexpr auto end_v3 = msr(icc_eoir1_el1, x1) + after_eoi;

// x1: the targets, in the format of the register; x2: the number of the SGI, which goes into the same register.
inline constexpr auto send_v2 = orr(w1, w1, w2) + before_sgir + str(w1, ptr(x0, gicd_sgir));
inline constexpr auto send_v3 = lsl(x2, x2, 24) + orr(x1, x1, x2) + before_sgi + msr(icc_sgi1r_el1, x1) + after_sgi;

inline constexpr auto mask_v2 = dsb(barrier::st) + str(w1, ptr(x0, gicc_pmr));
inline constexpr auto mask_v3 = msr(icc_pmr_el1, x1) + isb();

inline constexpr auto enable_v2 = mov(w1, gicc_ctlr_enable) + dsb(barrier::st) + str(w1, ptr(x0, gicc_ctlr));
inline constexpr auto enable_v3 = mov(x1, 1) + msr(icc_igrpen1_el1, x1) + isb();

} // namespace forms

// The functions that a site calls before apply(). Their two sites have one form each: the instructions, in place.
u32 acknowledge_early(u64 interface) noexcept;
u32 number_early(u64 taken) noexcept;
u32 sender_early(u64 taken) noexcept;
void end_early(u64 interface, u64 taken) noexcept;
void send_early(u64 distributor, u64 targets, u64 sgi) noexcept;
void mask_early(u64 interface, u64 priority) noexcept;
void enable_early(u64 interface) noexcept;

namespace detail {

using inlay::when, inlay::aarch64::insn::call;
using inlay::aarch64::x0, inlay::aarch64::x1, inlay::aarch64::x2;

inline constexpr auto acknowledge_site =
    inlay::alternative<call<&acknowledge_early>(), when<gicv2, forms::acknowledge_v2>,
                       when<gicv3, forms::acknowledge_v3>>{}
        .named<"gic.acknowledge">()
        .takes<x0>()
        .returns<x0, u32>();
inline constexpr auto number_site =
    inlay::alternative<call<&number_early>(), when<gicv2, forms::number_v2>, when<gicv3, forms::number_v3>>{}
        .named<"gic.number">()
        .takes<x0>()
        .returns<x0, u32>();
inline constexpr auto sender_site =
    inlay::alternative<call<&sender_early>(), when<gicv2, forms::sender_v2>, when<gicv3, forms::sender_v3>>{}
        .named<"gic.sender">()
        .takes<x0>()
        .returns<x0, u32>();
inline constexpr auto end_site =
    inlay::alternative<call<&end_early>(), when<gicv2, forms::end_v2>, when<gicv3, forms::end_v3>>{}
        .named<"gic.end_of_interrupt">()
        .takes<x0, x1>();
inline constexpr auto send_site =
    inlay::alternative<call<&send_early>(), when<gicv2, forms::send_v2>, when<gicv3, forms::send_v3>>{}
        .named<"gic.send">()
        .takes<x0, x1, x2>()
        .clobbers<x1, x2>();
inline constexpr auto mask_site =
    inlay::alternative<call<&mask_early>(), when<gicv2, forms::mask_v2>, when<gicv3, forms::mask_v3>>{}
        .named<"gic.priority_mask">()
        .takes<x0, x1>();
inline constexpr auto enable_site =
    inlay::alternative<call<&enable_early>(), when<gicv2, forms::enable_v2>, when<gicv3, forms::enable_v3>>{}
        .named<"gic.enable">()
        .takes<x0>()
        .clobbers<x1>();

} // namespace detail
} // namespace kernel::gic
