// SPDX-License-Identifier: BSL-1.0
//
// tests: all there are (test_*.cpp), for the table in main.cpp.
#pragma once

namespace kernel {

void test_patching() noexcept;
void test_traps() noexcept;
void test_smp() noexcept;

// Weak until they are there.
[[gnu::weak]] void test_live() noexcept;
[[gnu::weak]] void test_ipi() noexcept;
[[gnu::weak]] void test_active() noexcept;
[[gnu::weak]] void test_mmio() noexcept;
[[gnu::weak]] void test_its_introspection() noexcept;
[[gnu::weak]] void test_its_trigger() noexcept;
[[gnu::weak]] void test_pmu_cycle_counter() noexcept;
[[gnu::weak]] void test_benchmark() noexcept;

} // namespace kernel
