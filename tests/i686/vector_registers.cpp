// SPDX-License-Identifier: BSL-1.0
//
// A unit for any i686, with a function for SSE2: the function's values in vector registers survive a site that calls.
// (In this unit GCC refuses the registers' names in a clobber list; thunks keep them.) qemu-i386 runs it on a processor
// with SSE alone and on one with AVX; this machine runs it, too.
#include <inlay/inlay.hpp>

#include <cstdio>
#include <emmintrin.h>

using namespace inlay::x86::insn;

[[gnu::noinline, gnu::target("sse2")]] static void callee() {
    asm volatile("pxor %%xmm0,%%xmm0\n\tpxor %%xmm1,%%xmm1\n\tpxor %%xmm2,%%xmm2\n\tpxor %%xmm3,%%xmm3\n\t"
                 "pxor %%xmm4,%%xmm4\n\tpxor %%xmm5,%%xmm5\n\tpxor %%xmm6,%%xmm6\n\tpxor %%xmm7,%%xmm7"
                 :
                 :
                 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
}
inline constexpr inlay::alternative<call<&callee>()> site;

[[gnu::noinline, gnu::target("sse2")]] static int sum(const int* p, bool with_site) {
    __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 4));
    const __m128i c = _mm_add_epi32(a, b);
    const __m128i d = _mm_sub_epi32(a, b);
    const __m128i e = _mm_mul_epu32(a, c);
    const __m128i f = _mm_xor_si128(b, e);
    if (with_site) {
        site();
    } else {
        callee();
    }
    a = _mm_add_epi32(_mm_add_epi32(_mm_add_epi32(a, b), _mm_mul_epu32(c, d)), _mm_add_epi32(e, f));
    int r[4]; // NOLINT(*-avoid-c-arrays)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(r), a);
    return r[0] + r[1] + r[2] + r[3];
}

int main() {
    const int values[8] = {1, 2, 3, 4, 50, 60, 70, 80}; // NOLINT(*-avoid-c-arrays)
    const int by_call = sum(values, false);
    const int by_site = sum(values, true);
    std::printf("by a call %d, by a site that calls %d\n", by_call, by_site);
    return by_call == by_site ? 0 : 1;
}
