// SPDX-License-Identifier: BSL-1.0
//
// Values in the tiles of AMX survive a site that calls: the called function may change all of them.
#include <inlay/inlay.hpp>

#include <immintrin.h>

using namespace inlay::x86::insn;

void callee();
inline constexpr inlay::alternative<call<&callee>()> site;

void multiply_add(const void* left, const void* right, void* sum, inlay::size_t stride) {
    __tile1024i a = {16, 64};
    __tile1024i b = {16, 64};
    __tile1024i c = {16, 64};
    __tile_loadd(&a, left, stride);
    __tile_loadd(&b, right, stride);
    __tile_loadd(&c, sum, stride);
    site();
    __tile_dpbssd(&c, a, b);
    __tile_stored(sum, stride, c);
}
