// SPDX-License-Identifier: BSL-1.0
//
// acpi: which processors there are.
//
// What. The numbers of the local APICs of all processors that are enabled.
// Why. A start-up interrupt must be sent to somebody, and who is there only firmware knows.
// How. A table of tables in memory; ACPI specification 6.4, 5.2.5 (RSDP), 5.2.7 (RSDT), 5.2.12 (MADT).
#pragma once

#include "cpu.hpp"

namespace kernel::acpi {

/// Writes the local APIC numbers of enabled processors to `ids`; how many there are, at most `most`. 0: no table.
[[nodiscard]] u32 find_processors(u32* ids, u32 most) noexcept;

} // namespace kernel::acpi
