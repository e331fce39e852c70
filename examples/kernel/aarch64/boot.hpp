// SPDX-License-Identifier: BSL-1.0
//
// boot: facts about the machine, and the order of the start.
//
// How. Device tree, MMU, console, interrupt controller (and its features), apply(), interrupts, other processors, tests.
// The order matters: a feature that is set after apply() has decided nothing.
#pragma once

#include "device_tree.hpp"

namespace kernel {

[[nodiscard]] const device_tree& tree() noexcept;
/// The exception level that the loader left the kernel at: 1 or 2. At 2, the stub of start.S stays there (calls.hpp).
[[nodiscard]] u64 entered_at() noexcept;

/// Patches, and prints the result (patch.cpp).
void patch_everything() noexcept;
void print_patches() noexcept;

} // namespace kernel
