// SPDX-License-Identifier: BSL-1.0
//
// steal_time: how long a hypervisor ran something else on this processor.
//
//     const u64 nanoseconds = steal_clock();
//
// What. A paravirtual operation of the Arm specification "Paravirtualized Time for Arm-based Systems" (DEN 0057).
// Why a static call. Where no hypervisor offers it, no time is stolen: the call is `mov x0, #0`.
// How. The kernel asks by the SMC Calling Convention, by the way that the device tree names (psci.hpp). The answer says
// whether the service exists, and for each processor where its structure lies. The hypervisor writes this structure.
#pragma once

#include "types.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

inline constexpr inlay::static_call<"steal_clock", inlay::returns_zero<u64() noexcept>> steal_clock;

namespace steal_time {

/// Whether the hypervisor says that it has the service. Asks once more each time.
[[nodiscard]] bool is_offered() noexcept;
/// Before apply(): where it is offered, steal_clock() reads it.
void begin() noexcept;
/// The target of steal_clock() if the service exists, once this processor has asked for its structure.
[[nodiscard]] u64 read() noexcept;
/// Asks for this processor's structure. False if it gets none.
bool begin_on_this_cpu() noexcept;

} // namespace steal_time

} // namespace kernel
