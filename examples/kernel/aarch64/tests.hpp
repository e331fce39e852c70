// SPDX-License-Identifier: BSL-1.0
//
// tests: all of them (test_*.cpp), for the table in main.cpp.
#pragma once

namespace kernel {

void test_patching() noexcept;
void test_traps() noexcept;
void test_smp() noexcept;
void test_live() noexcept;
void test_steal_time() noexcept;
void test_ipi() noexcept;
void test_active() noexcept;
void test_spi() noexcept;
void test_mmio() noexcept;
void test_its_introspection() noexcept;
void test_its_trigger() noexcept;
void test_pmu_cycle_counter() noexcept;
void test_pmu_counters() noexcept;
void test_benchmark() noexcept;

} // namespace kernel
