// SPDX-License-Identifier: BSL-1.0
//
// irq: interrupts.
//
//     (void)inlay::update(handle_irq, &gicv3_irq, window);
//     irq_enable();                                                // registers.hpp
//
// How. The vector of interrupts calls handle_irq(): a static call, whose target is the driver's. Registers are saved,
// interrupts are masked.
#pragma once

#include "cpu.hpp"

#include <inlay/static_call.hpp>

namespace kernel {

/// Ends the run.
void unexpected_irq() noexcept;
inline constexpr inlay::static_call<"handle_irq", &unexpected_irq> handle_irq;

} // namespace kernel
