// SPDX-License-Identifier: BSL-1.0
//
// sample: a hook in the path of each interrupt, for a profiler that is seldom on.
//
//     interrupted(frame.pc);                                   // one nop, and every register stays as it is
//     auto done = sample_by(&count_address);                   // now a call; null again: a nop
//
// What. The hook, and its test.
// Why. The path of an interrupt should not pay for a profiler that is off: neither a load and a branch, nor registers.
// How. inlay/hook.hpp. A target runs in each interrupt, with interrupts off, on the processor that took it.
#pragma once

#include "types.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

/// The address of the instruction that would have been next.
inline constexpr inlay::hook<"kernel.interrupted", void(u64)> interrupted;

/// While other processors may run.
void test_hook() noexcept;

/// Of the architecture: gives the hook a target, or null, while other processors run.
[[nodiscard]] inlay::outcome sample_by(void (*target)(u64) noexcept) noexcept;

/// Of the architecture: sends this processor an interrupt, and waits until it has been handled. False if the machine
/// cannot.
[[nodiscard]] bool interrupt_this_cpu() noexcept;

} // namespace kernel
