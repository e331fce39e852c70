// SPDX-License-Identifier: BSL-1.0
//
// gic_registers: where the registers of the interrupt controllers lie, and their bits.
//
// What. Offsets in the frames of the distributor, a redistributor, the memory-mapped CPU interface and an ITS.
// Why. GICv2 and GICv3 share most offsets of the distributor. A frame of a GICv3 redistributor repeats them for the
// interrupts of one processor. So code that takes a frame and an offset serves both versions.
// How. Constants. The references are to the Arm documents IHI 0048B (GICv2) and IHI 0069 (GICv3, ITS).
#pragma once

#include "types.hpp"

namespace kernel::gic {

// ---- Numbers of interrupts (IHI 0048B 2.2.1, IHI 0069 2.2.1).

inline constexpr u32 first_ppi = 16; ///< 0 to 15: software-generated interrupts (SGI)
inline constexpr u32 first_spi = 32; ///< 16 to 31: private peripheral interrupts (PPI)
inline constexpr u32 first_special = 1020;
inline constexpr u32 spurious = 1023; ///< acknowledged when nothing was pending
inline constexpr u32 first_lpi = 8192;

/// No interrupt is pending, or none for this kernel.
[[nodiscard]] constexpr bool is_special(u32 number) noexcept { return number >= first_special && number <= spurious; }

// ---- The distributor. A redistributor's second frame also has the registers below GICD_SGIR.

inline constexpr u32 gicd_ctlr = 0x0;
inline constexpr u32 gicd_typer = 0x4;
inline constexpr u32 gicd_iidr = 0x8;
inline constexpr u32 gicd_igroupr = 0x80;     ///< a bit for each interrupt: 32 in 4 bytes
inline constexpr u32 gicd_isenabler = 0x100;  ///< a bit; writing 1 enables, 0 does nothing
inline constexpr u32 gicd_icenabler = 0x180;  ///< a bit; writing 1 disables, 0 does nothing
inline constexpr u32 gicd_isactiver = 0x300;  ///< a bit; reading: active
inline constexpr u32 gicd_ispendr = 0x200;    ///< a bit; writing 1 makes it pending
inline constexpr u32 gicd_icpendr = 0x280;    ///< a bit; writing 1 clears
inline constexpr u32 gicd_icactiver = 0x380;  ///< a bit; writing 1 deactivates
inline constexpr u32 gicd_ipriorityr = 0x400; ///< a byte
inline constexpr u32 gicd_itargetsr = 0x800;  ///< a byte: the mask of GICv2's processors
inline constexpr u32 gicd_sgir = 0xf00;       ///< GICv2
inline constexpr u32 gicd_irouter = 0x6000;   ///< GICv3: 64 bits, the affinity of a processor
inline constexpr u32 gicd_icpidr2 = 0xfe8;    ///< GICv2

inline constexpr u32 gicd_ctlr_enable = 1U << 0; ///< GICv2
// GICv3, seen from a non-secure kernel: group 1 without and with affinity routing. With one security state: groups 0
// and 1.
inline constexpr u32 gicd_ctlr_enable_g1 = 1U << 0;
inline constexpr u32 gicd_ctlr_enable_g1a = 1U << 1;
inline constexpr u32 gicd_ctlr_are_ns = 1U << 4;
inline constexpr u32 gicd_ctlr_rwp = 1U << 31; ///< a write is still on its way to the redistributors

// ---- The CPU interface of GICv2.

inline constexpr u32 gicc_ctlr = 0x0;
inline constexpr u32 gicc_pmr = 0x4;
inline constexpr u32 gicc_iar = 0xc;
inline constexpr u32 gicc_eoir = 0x10;

inline constexpr u32 gicc_ctlr_enable = 1U << 0;
inline constexpr u32 gicc_ctlr_eoi_mode = 1U << 9; ///< GICC_EOIR drops the priority and does not deactivate

// ---- A redistributor of GICv3: a frame of 64 KiB for itself and LPIs, and one for SGIs and PPIs.

inline constexpr u32 gicr_ctlr = 0x0;
inline constexpr u32 gicr_typer = 0x8; ///< 64 bits
inline constexpr u32 gicr_waker = 0x14;
inline constexpr u32 gicr_propbaser = 0x70; ///< 64 bits
inline constexpr u32 gicr_pendbaser = 0x78; ///< 64 bits
inline constexpr u64 gicr_frame = 0x10000;

inline constexpr u32 gicr_ctlr_enable_lpis = 1U << 0;
inline constexpr u32 gicr_ctlr_rwp = 1U << 3;
inline constexpr u64 gicr_typer_plpis = 1U << 0;
inline constexpr u64 gicr_typer_vlpis = 1U << 1; ///< two more frames follow
inline constexpr u64 gicr_typer_last = 1U << 4;  ///< of its region
inline constexpr u32 gicr_waker_processor_sleep = 1U << 1;
inline constexpr u32 gicr_waker_children_asleep = 1U << 2;
inline constexpr u64 gicr_pendbaser_ptz = u64{1} << 62; ///< the table is zero

// ---- The CPU interface of GICv3, by system registers (IHI 0069 12.2).

inline constexpr u64 icc_sre_sre = 1U << 0;
inline constexpr u64 icc_ctlr_eoi_mode = 1U << 1;

// ---- An ITS.

inline constexpr u32 gits_ctlr = 0x0;
inline constexpr u32 gits_iidr = 0x4;
inline constexpr u32 gits_typer = 0x8;   ///< 64 bits
inline constexpr u32 gits_cbaser = 0x80; ///< 64 bits
inline constexpr u32 gits_cwriter = 0x88;
inline constexpr u32 gits_creadr = 0x90;
inline constexpr u32 gits_baser = 0x100; ///< 8 of 64 bits
inline constexpr u32 gits_baser_count = 8;
inline constexpr u64 gits_frame = 0x10000; ///< GITS_TRANSLATER is in the next one

inline constexpr u32 gits_ctlr_enabled = 1U << 0;
inline constexpr u32 gits_ctlr_quiescent = 1U << 31;
inline constexpr u64 gits_creadr_stalled = 1U << 0;

// ---- Attributes of tables in memory, at the same bits in GICR_PROPBASER and GICR_PENDBASER (7, 10); GITS_CBASER and
// GITS_BASER have the first at bit 59.

inline constexpr u64 table_write_back = 7; ///< inner, read-allocate and write-allocate
inline constexpr u64 table_non_cacheable = 1;
inline constexpr u64 table_shareability = u64{3} << 10;
inline constexpr u64 table_inner_shareable = u64{1} << 10;
inline constexpr u64 table_valid = u64{1} << 63;

} // namespace kernel::gic
