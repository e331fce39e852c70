// SPDX-License-Identifier: BSL-1.0
//
// descriptors: GDT, TSS and IDT, natively. (Under Xen the trap table stands for all of them: xen_traps.cpp.)
#pragma once

#include "per_cpu.hpp"
#include "trap.hpp"

namespace kernel {

/// Builds this processor's tables and loads them, with %gs and the registers of SYSCALL.
void load_descriptors(per_cpu& cpu) noexcept;

/// Which stack of its own a vector has, as the IDT says.
[[nodiscard]] ist ist_of(vector number) noexcept;
/// Where the IDT leads for it.
[[nodiscard]] u64 entry_of(vector number) noexcept;

} // namespace kernel
