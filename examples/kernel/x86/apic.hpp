// SPDX-License-Identifier: BSL-1.0
//
// apic: the local APIC, natively. Intel SDM volume 3, chapter 10.
//
// What. A timer, and interrupts between processors.
// Why. It is the one interrupt controller that every processor has for itself; the older ones on the board stay silent.
// How. Registers in memory, at a physical address that the direct map has. Without one in CPUID none is touched.
#pragma once

#include "cpu.hpp"
#include "trap.hpp"

namespace kernel::apic {

/// Silences the old interrupt controllers and turns this processor's local APIC on. False if it has none.
[[nodiscard]] bool begin() noexcept;
void begin_on_this_cpu() noexcept;
[[nodiscard]] u32 id() noexcept;
/// Nothing, where no local APIC is in use.
void end_of_interrupt() noexcept;

/// A timer interrupt every so many nanoseconds; 0: none.
void begin_timer(u64 period) noexcept;

void send(u32 to, vector number) noexcept;
void send_nmi(u32 to) noexcept;
/// INIT, then twice SIPI: the processor starts at the page `start` in real mode.
void start(u32 to, u64 start) noexcept;

} // namespace kernel::apic
