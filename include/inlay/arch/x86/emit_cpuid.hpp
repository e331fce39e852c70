// SPDX-License-Identifier: BSL-1.0
//
// emit_cpuid: the two instructions that ask an x86 CPU what it has.
//
//     auto leaf7 = inlay::x86::emit::cpuid(7, 0);
//
// How it works. Both are volatile: what they return changes when the OS writes CR4 or XCR0.
#pragma once

#include <cstdint>

namespace inlay::x86::emit {

struct cpuid_result {
    std::uint32_t eax, ebx, ecx, edx;
};

struct xgetbv_result {
    std::uint32_t eax, edx;
};

/// CPUID. A leaf beyond the highest one returns the data of another leaf on Intel, 0 on AMD.
[[gnu::always_inline]] inline cpuid_result cpuid(std::uint32_t leaf, std::uint32_t subleaf) noexcept {
    cpuid_result result{leaf, 0, subleaf, 0};
    asm volatile("cpuid" : "+a"(result.eax), "=b"(result.ebx), "+c"(result.ecx), "=d"(result.edx));
    return result;
}

/// XGETBV of XCR0, as edx:eax. Raises #UD unless CPUID leaf 1 says OSXSAVE (ecx bit 27).
[[gnu::always_inline]] inline xgetbv_result xgetbv() noexcept {
    xgetbv_result result;
    asm volatile("xgetbv" : "=a"(result.eax), "=d"(result.edx) : "c"(0));
    return result;
}

} // namespace inlay::x86::emit
