// SPDX-License-Identifier: BSL-1.0
//
// mp_table: the processors that the table before ACPI names.
//
// What. The local APIC numbers of all enabled processors.
// Why. A machine without ACPI has this table, as QEMU's microvm with acpi=off.
// How. MultiProcessor Specification 1.4, chapter 4.
#pragma once

#include "processors.hpp"

namespace kernel::mp_table {

/// Adds the enabled processors of the table to `found`. Returns false without a table.
[[nodiscard]] bool find_processors(processors& found) noexcept;

} // namespace kernel::mp_table
