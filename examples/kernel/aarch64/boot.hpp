// SPDX-License-Identifier: BSL-1.0
//
// boot: what the kernel has found, and the order of things.
//
// How. device tree -> MMU -> console -> interrupt controller (and its features) -> apply() -> interrupts -> other processors -> tests. The order
// matters: a feature that is set after apply() has decided nothing.
#pragma once

#include "device_tree.hpp"

namespace kernel {

[[nodiscard]] const device_tree& tree() noexcept;
/// Whether the loader left the kernel at EL2. Then the stub of start.S is there (calls.hpp).
[[nodiscard]] bool entered_at_el2() noexcept;

/// Patches, and says what was done (patch.cpp).
void patch_everything() noexcept;
void print_patches() noexcept;

} // namespace kernel
