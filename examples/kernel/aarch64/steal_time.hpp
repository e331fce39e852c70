// SPDX-License-Identifier: BSL-1.0
//
// steal_time: how long a hypervisor ran something else on this processor.
//
//     const u64 nanoseconds = steal_clock();
//
// What. A paravirtual operation of the Arm specification "Paravirtualized Time for Arm-based Systems" (DEN 0057).
// Why a static call. Where no hypervisor offers it, no time is stolen: the call is `mov x0, #0`.
// How. The SMC Calling Convention, by the way that the device tree names (psci.hpp), says whether there is the service,
// and for each processor where its structure lies. In memory: what is read there is the hypervisor's.
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
/// What steal_clock() is where it is offered, once this processor has asked for its structure: false if there is none.
[[nodiscard]] u64 read() noexcept;
bool begin_on_this_cpu() noexcept;

} // namespace steal_time

} // namespace kernel
