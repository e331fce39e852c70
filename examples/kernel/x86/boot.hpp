// SPDX-License-Identifier: BSL-1.0
//
// boot: from both entries to one kernel.
//
// What. `native_main` and `xen_main` bring the machine to where `kernel_main` can go on without asking which it is.
// Why. The differences are done once, here, before anything is patched; afterwards the sites know.
// How. features -> clock -> interrupts on -> apply() -> other processors -> tests. The order matters. A feature that is
// set after apply() has decided nothing. A processor that runs while text is written may fetch half of a site.
#pragma once

#include "cpu.hpp"

namespace kernel {

/// Sets the synthetic features, patches, and prints the result (patch.cpp).
void set_features(bool xen) noexcept;
void patch_everything() noexcept;
void print_patches() noexcept;
/// Whether an exception that was raised before apply() came, and returned by the slot of the ternary in entry.S.
[[nodiscard]] bool trapped_before_patching() noexcept;

[[noreturn]] void kernel_main(bool xen) noexcept;

/// All tests that make sense here (test_*.cpp).
void test_patching() noexcept;
void test_operations() noexcept;
void test_traps() noexcept;
void test_user() noexcept;
void test_clock() noexcept;
void test_storm() noexcept;
/// From here on every tick goes through the sites of the storm (test_storm.cpp).
void begin_storm() noexcept;
[[nodiscard]] u64 storm_so_far() noexcept;
void test_smp() noexcept;
void test_live() noexcept;

} // namespace kernel
