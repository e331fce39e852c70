// SPDX-License-Identifier: BSL-1.0
//
// acpi: the processors that ACPI's tables name.
//
// What. The local APIC numbers of all enabled processors.
// Why. See processors.hpp.
// How. A table of tables in memory; ACPI specification 6.4, 5.2.5 (RSDP), 5.2.7 (RSDT), 5.2.8 (XSDT), 5.2.12 (MADT).
#pragma once

#include "processors.hpp"

namespace kernel::acpi {

/// Where the loader says that the root pointer lies, physically; 0 if it does not say.
void set_root(u64 at) noexcept;

/// Adds the enabled processors of the MADT to `found`. Returns false without an MADT below 4 GiB.
[[nodiscard]] bool find_processors(processors& found) noexcept;

} // namespace kernel::acpi
