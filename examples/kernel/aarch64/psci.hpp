// SPDX-License-Identifier: BSL-1.0
//
// psci: power, by firmware or the hypervisor (Arm DEN 0022).
//
// What. Starts and stops processors, switches the machine off.
// How. The device tree says which instruction gets there: hvc or smc. That is a static call: update() before apply(),
// a direct call afterwards.
#pragma once

#include "types.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

/// A call by the SMC Calling Convention: function and three arguments.
u64 no_firmware(u64 function, u64 a, u64 b, u64 c) noexcept;
inline constexpr inlay::static_call<"firmware", &no_firmware> firmware;

namespace psci {

/// Before apply(): how to call it, "hvc", "smc" or null.
void choose(const char* method) noexcept;
/// Starts the processor with this MPIDR at a physical address with `context` in x0. 0, or PSCI's error.
[[nodiscard]] int cpu_on(u64 mpidr, u64 entry, u64 context) noexcept;
/// Stops this processor, with interrupts masked. It returns only if firmware refuses.
void cpu_off() noexcept;
/// Whether the processor with this MPIDR is off, so that cpu_on() may start it.
[[nodiscard]] bool is_off(u64 mpidr) noexcept;
void system_off() noexcept;

} // namespace psci

} // namespace kernel
