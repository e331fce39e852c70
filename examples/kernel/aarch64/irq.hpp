// SPDX-License-Identifier: BSL-1.0
//
// irq: who handles interrupts.
//
//     set_irq_handler(&count_interrupts);                          // at any time
//     irq_enable();                                                // registers.hpp
//
// How. The vector of interrupts calls handle_irq() with interrupts masked: a static call, the driver's at first.
#pragma once

#include "gic.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

inline constexpr inlay::static_call<"handle_irq", &gic::take_interrupt> handle_irq;

/// On all processors, also while others run through it (live.hpp).
void set_irq_handler(void (*handler)() noexcept) noexcept;

} // namespace kernel
