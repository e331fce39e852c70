// SPDX-License-Identifier: BSL-1.0
//
// pages: hands them out, one after the other. See pages.hpp.
#include "pages.hpp"

#include "paging.hpp"

namespace kernel {

namespace {

constinit u64 next_page = 0;
constinit u64 last_page = 0;

} // namespace

void pages_begin(u64 begin, u64 end) noexcept {
    next_page = (begin + page_size - 1) & ~(page_size - 1);
    last_page = end & ~(page_size - 1);
}

void* allocate_pages(size_t count, size_t alignment) noexcept {
    const u64 mask = alignment * page_size - 1;
    const u64 begin = (next_page + mask) & ~mask;
    if (begin > last_page || count > (last_page - begin) / page_size) {
        return nullptr;
    }
    next_page = begin + count * page_size;
    auto* const words = reinterpret_cast<volatile u64*>(begin);
    for (size_t i = 0; i < count * page_size / sizeof(u64); ++i) {
        words[i] = 0;
    }
    return reinterpret_cast<void*>(begin);
}

} // namespace kernel
