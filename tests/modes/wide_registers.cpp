// SPDX-License-Identifier: BSL-1.0
//
// A unit for any x86-64, with functions for AVX-512 (such as a dispatch's functions). Their values in zmm16 to zmm31
// and in mask registers survive a site that calls, as they survive a call.
#include <inlay/inlay.hpp>

#include <cstdio>
#include <immintrin.h>

using namespace inlay::x86::insn;

// Free to change all of them.
[[gnu::noinline, gnu::target("avx512f,avx512bw")]] void callee() {
    asm volatile(
        "vpxorq %%zmm16,%%zmm16,%%zmm16\n\tvpxorq %%zmm17,%%zmm17,%%zmm17\n\tvpxorq %%zmm18,%%zmm18,%%zmm18\n\t"
        "vpxorq %%zmm19,%%zmm19,%%zmm19\n\tvpxorq %%zmm20,%%zmm20,%%zmm20\n\tvpxorq %%zmm21,%%zmm21,%%zmm21\n\t"
        "vpxorq %%zmm22,%%zmm22,%%zmm22\n\tvpxorq %%zmm23,%%zmm23,%%zmm23\n\tvpxorq %%zmm24,%%zmm24,%%zmm24\n\t"
        "vpxorq %%zmm25,%%zmm25,%%zmm25\n\tvpxorq %%zmm26,%%zmm26,%%zmm26\n\tvpxorq %%zmm27,%%zmm27,%%zmm27\n\t"
        "vpxorq %%zmm28,%%zmm28,%%zmm28\n\tvpxorq %%zmm29,%%zmm29,%%zmm29\n\tvpxorq %%zmm30,%%zmm30,%%zmm30\n\t"
        "vpxorq %%zmm31,%%zmm31,%%zmm31\n\tkxorq %%k0,%%k0,%%k0\n\tkxorq %%k1,%%k1,%%k1\n\t"
        "kxorq %%k2,%%k2,%%k2\n\tkxorq %%k3,%%k3,%%k3\n\tkxorq %%k4,%%k4,%%k4\n\tkxorq %%k5,%%k5,%%k5\n\t"
        "kxorq %%k6,%%k6,%%k6\n\tkxorq %%k7,%%k7,%%k7\n\tvpxor %%xmm0,%%xmm0,%%xmm0\n\tvzeroall"
        :
        :
        : "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
          "xmm12", "xmm13", "xmm14", "xmm15", "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23",
          "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k0", "k1", "k2", "k3", "k4", "k5",
          "k6", "k7");
}
inline constexpr inlay::alternative<call<&callee>()> site;

[[gnu::noinline, gnu::target("avx512f,avx512bw")]] static double sum(const double* p, bool with_site) {
    __m512d v[20]; // NOLINT(*-avoid-c-arrays)
    for (int i = 0; i < 20; ++i) {
        v[i] = _mm512_loadu_pd(p + 8 * i);
    }
    for (int i = 1; i < 20; ++i) {
        v[i] = v[i] * v[i - 1] + v[0];
    }
    const __mmask8 mask = _mm512_cmp_pd_mask(v[3], v[5], _CMP_LT_OQ);
    const __mmask64 wide = _mm512_cmpneq_epi8_mask(_mm512_castpd_si512(v[2]), _mm512_castpd_si512(v[4]));
    if (with_site) {
        site();
    } else {
        callee();
    }
    __m512d s = v[0];
    for (int i = 1; i < 20; ++i) {
        s = s + v[i];
    }
    s = _mm512_mask_add_pd(s, mask, s, s);
    return _mm512_reduce_add_pd(s) + static_cast<double>(wide >> 9);
}

int main() {
    if (__builtin_cpu_supports("avx512f") == 0 || __builtin_cpu_supports("avx512bw") == 0) {
        return 77;
    }
    double p[160]; // NOLINT(*-avoid-c-arrays)
    for (int i = 0; i < 160; ++i) {
        p[i] = 1.0 / (i + 1);
    }
    const double by_call = sum(p, false);
    const double by_site = sum(p, true);
    std::printf("by a call %.17g, by a site that calls %.17g\n", by_call, by_site);
    return by_call == by_site ? 0 : 1;
}
