// SPDX-License-Identifier: BSL-1.0
//
// machine: x86's instructions that ask the processor, or order its fetches and accesses.
//
//     const auto leaf = emit::cpuid(7, 0);
//     emit::synchronise();                                  // this processor forgets the text that it has fetched
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace x86::emit {

struct cpuid_result {
    uint32_t eax, ebx, ecx, edx;
};

inline namespace INLAY_TARGET {

/// CPUID. A leaf beyond the highest one returns the data of another leaf on Intel, 0 on AMD. Serialising. (In 32-bit
/// mode too it is taken to be there: only before the Pentium it is not.)
[[gnu::noinline]] inline cpuid_result cpuid(uint32_t leaf, uint32_t subleaf) noexcept {
    cpuid_result result{leaf, 0, subleaf, 0};
    asm inline volatile("cpuid" : "+a"(result.eax), "=b"(result.ebx), "+c"(result.ecx), "=d"(result.edx) : : "memory");
    return result;
}

/// XGETBV of XCR0. Raises #UD unless CPUID leaf 1 says OSXSAVE (ecx bit 27).
[[gnu::always_inline]] inline uint64_t xgetbv() noexcept {
    uint32_t low = 0;
    uint32_t high = 0;
    asm inline volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return uint64_t{high} << 32 | low;
}

/// Makes the next reads of `size` bytes at `at` see memory. The bytes were written through another address.
[[gnu::always_inline]] inline void forget_data(uintptr_t /*at*/, size_t /*size*/) noexcept {
    asm volatile("" : : : "memory"); // caches go by physical addresses: the compiler alone must not remember
}

/// Nothing to do: instruction caches see each store.
[[gnu::always_inline]] inline void clean_text(uintptr_t /*written*/, uintptr_t /*executed*/, size_t /*size*/) noexcept {
}

/// Makes this processor forget the text that it has fetched: CPUID is serialising (Intel SDM volume 3, 9.3). (Visible:
/// it is an argument of platform::bare. A hidden argument would make platform::bare hidden, but a kernel's visible
/// type derives from it.)
[[gnu::visibility("default")]] inline void synchronise() noexcept { (void)cpuid(0, 0); }

} // namespace INLAY_TARGET

} // namespace x86::emit
} // namespace inlay
