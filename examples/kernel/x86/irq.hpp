// SPDX-License-Identifier: BSL-1.0
//
// irq: interrupts off for a scope.
//
//     { irq_guard guard; ... }        // off; and on again if they were on
//
// What. Saves the interrupt flag, disables, and restores.
// Why no popf. Item 5 of the series: a restore may only turn interrupts on again. `popf` writes all flags, is slow, and
// under Xen does not change IF at all. `if (IF was set) sti` is a test and an instruction, or a call.
// How. Paravirt operations: pushf; pop, cli and sti in place natively, calls of xen_ops.cpp under Xen.
#pragma once

#include "cpu.hpp"

#include <inlay/pv/linux.hpp>

namespace kernel {

inline constexpr u64 interrupt_flag = 0x200;

/// Turns interrupts on if `flags` say so, and never off.
void irq_restore(u64 flags) noexcept;

class irq_guard {
public:
    irq_guard() noexcept : flags_{inlay::x86::pv::save_fl()} { inlay::x86::pv::irq_disable(); }
    irq_guard(const irq_guard&) = delete;
    irq_guard& operator=(const irq_guard&) = delete;
    ~irq_guard() { irq_restore(flags_); }

private:
    u64 flags_;
};

} // namespace kernel
