// SPDX-License-Identifier: BSL-1.0
//
// lpi: locality-specific peripheral interrupts: their tables, and one interrupt's configuration.
//
//     lpi::begin();
//     lpi::configure(8195, lpi::state::enabled);        // takes effect by the ITS's INV or INVALL
//
// What. A table with a byte for each LPI, which all redistributors share. Each redistributor has a table of pending
// bits.
// Why. LPIs have no registers: their priority, and whether they are enabled, is in memory.
// How. Arm IHI 0069, 5.1. Where a redistributor does not say that it shares the caches, the tables are cleaned to
// memory.
#pragma once

#include "gic_registers.hpp"

namespace kernel::gic::lpi {

enum class state : u8 { disabled = 0, enabled = 1 };

/// The numbers of LPIs that have tables: from first_lpi up to this, exclusive.
inline constexpr u32 end = 16384;

/// Whether the distributor and all redistributors have LPIs.
[[nodiscard]] bool possible() noexcept;

/// Gives tables to the redistributor of each processor that runs, and turns LPIs on. Once.
void begin() noexcept;

void configure(u32 number, state to) noexcept;

/// Writes `size` bytes at `begin` back to memory, for a device that does not look into caches.
void clean_to_memory(const void* begin, u64 size) noexcept;

} // namespace kernel::gic::lpi
