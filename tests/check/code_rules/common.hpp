// SPDX-License-Identifier: BSL-1.0
//
// common: what the sources of tests/check/code_rules share. Each is wrong in one point, and right with -DFIXED.
#pragma once

#include <inlay/code_rules.hpp>
#include <inlay/kernel.hpp>

namespace rules = inlay::rules;

inline constexpr inlay::feature<"test.pmu", inlay::by_hand{}> has_pmu;
inline constexpr inlay::feature<"test.xen", inlay::by_hand{}> is_xen;

extern "C" int word, flag;

// Macros, so that an instruction has its line in the source.
#if defined(__aarch64__)
using namespace inlay::aarch64::insn;
#define write_sgi() asm volatile("msr S3_0_C12_C11_5, x0" : : : "memory")
#define read_pmu() asm volatile("mrs x0, pmcr_el0" : : : "x0", "memory")
#define stores_complete() asm volatile("dsb ishst" : : : "memory")
#define stores_ordered() asm volatile("dmb ishst" : : : "memory")
#define synchronise() asm volatile("isb" : : : "memory")
inline constexpr auto pmu_access = rules::pmu_registers;
inline constexpr auto order = rules::dmb(barrier::ishst);
#else
#define read_pmu() asm volatile("rdpmc" : : "c"(0) : "eax", "edx", "memory")
#define stores_ordered() asm volatile("sfence" : : : "memory")
inline constexpr auto pmu_access = rules::instruction("rdpmc");
inline constexpr auto order = rules::instruction("sfence");
#endif

int word, flag;
