// SPDX-License-Identifier: BSL-1.0
//
// boot: what the kernel has found, and the order of things.
//
// How. Device tree, MMU, console, interrupt controller (and its features), apply(), interrupts, other processors, tests.
// The order matters: a feature that is set after apply() has decided nothing.
#pragma once

#include "device_tree.hpp"

namespace kernel {

[[nodiscard]] const device_tree& tree() noexcept;
/// The exception level that the loader left the kernel at: 1 or 2. At 2 there is the stub of start.S (calls.hpp).
[[nodiscard]] u64 entered_at() noexcept;

/// Patches, and says what was done (patch.cpp).
void patch_everything() noexcept;
void print_patches() noexcept;

} // namespace kernel
