// SPDX-License-Identifier: BSL-1.0
//
// paging: makes the tables. See paging.hpp.
#include "paging.hpp"

#include "cpu.hpp"
#include "smp.hpp"

extern "C" {
extern const char image_begin[], text_begin[], text_end[], rodata_end[], image_end[], text_window_begin[];
void mmu_on(const kernel::translation* values) noexcept;
// Read by the other processors before their MMU is on: on a line of its own, and cleaned.
[[gnu::aligned(256)]] constinit kernel::translation secondary_boot{};
}
static_assert(__builtin_offsetof(kernel::translation, mair) == TRANSLATION_MAIR);
static_assert(__builtin_offsetof(kernel::translation, tcr) == TRANSLATION_TCR);
static_assert(__builtin_offsetof(kernel::translation, ttbr0) == TRANSLATION_TTBR0);
static_assert(__builtin_offsetof(kernel::translation, sctlr) == TRANSLATION_SCTLR);

namespace kernel {

namespace {

constexpr unsigned entries = 512;
constexpr u64 block_size = page_size * entries;  // 2 MiB
constexpr u64 giant_size = block_size * entries; // 1 GiB
constexpr unsigned image_blocks = 2;             // as kernel.lds asserts
constexpr u64 table = 3;
constexpr u64 block = 1;

struct [[gnu::aligned(4096)]] table_page {
    u64 entry[entries];
};
constinit table_page giants{}; // level 1: 1 GiB an entry
constinit table_page blocks{}; // level 2: the GiB of the image
constinit table_page pages[image_blocks]{};

[[nodiscard]] u64 linked_at(const char* symbol) noexcept { return reinterpret_cast<u64>(symbol); }

/// Attributes by their place in MAIR_EL1.
constexpr u64 mair = 0x04 | 0xff << 8; // 0: Device-nGnRE; 1: Normal, write-back, allocating
constexpr u64 normal = 1 << 2 | page::inner_shareable | page::accessed;
constexpr u64 device = 0 << 2 | page::accessed;

[[nodiscard]] u64 bits_of(protection rights) noexcept {
    switch (rights) {
#ifdef KERNEL_MUTATION_WRITABLE_TEXT // a test must find it
    case protection::execute:
        return normal | page::never_execute_user;
#else
    case protection::execute:
        return normal | page::read_only | page::never_execute_user;
#endif
    case protection::read:
        return normal | page::read_only | page::never_execute | page::never_execute_user;
    case protection::write:
        return normal | page::never_execute | page::never_execute_user;
    case protection::device:
        return device | page::never_execute | page::never_execute_user;
    case protection::none:
        break;
    }
    return 0;
}

[[nodiscard]] u64& entry_of(u64 at) noexcept {
    const u64 page = (at - linked_at(image_begin)) / page_size;
    return pages[page / entries].entry[page % entries];
}

[[nodiscard]] protection rights_of_image(u64 at) noexcept {
    return at < linked_at(text_end)            ? protection::execute
           : at < linked_at(rodata_end)        ? protection::read
           : at < linked_at(text_window_begin) ? protection::write
                                               : protection::none;
}

} // namespace

void map_page(u64 at, u64 frame, protection rights) noexcept {
    const u64 before = page_at(at);
    auto* const entry = static_cast<volatile u64*>(&entry_of(at));
    if (before != 0) { // break before make (D8.14.1)
        *entry = 0;
        dsb_ishst();
        forget_translation(at);
        dsb_ish();
    }
    if (rights != protection::none) {
        *entry = frame | bits_of(rights) | page::present;
        dsb_ishst();
    }
    isb();
}

u64 page_at(u64 at) noexcept { return entry_of(at); }

u64 translation_begin(u64 memory, u64 memory_size) noexcept {
    const u64 image = linked_at(image_begin);
    const u64 image_giant = image & ~(giant_size - 1);
    giants.entry[0] = bits_of(protection::device) | block;
    giants.entry[image_giant / giant_size] = reinterpret_cast<u64>(&blocks) | table;
    for (unsigned i = 0; i < entries; ++i) {
        const u64 at = image_giant + i * block_size;
        const bool there = at >= memory && at + block_size <= memory + memory_size;
        blocks.entry[i] = there ? at | bits_of(protection::write) | block : 0;
    }
    for (unsigned i = 0; i < image_blocks; ++i) {
        blocks.entry[(image - image_giant) / block_size + i] = reinterpret_cast<u64>(&pages[i]) | table;
        for (unsigned k = 0; k < entries; ++k) {
            const u64 at = image + i * block_size + k * page_size;
            const protection rights = at >= linked_at(image_end) ? protection::write : rights_of_image(at);
            pages[i].entry[k] = rights == protection::none ? 0 : at | bits_of(rights) | page::present;
        }
    }
    const u64 address_bits = read_id_aa64mmfr0() & 15;
    translation values{};
    values.mair = mair;
    // T0SZ 25; walks through the write-back cache, inner shareable; 4 KiB; no TTBR1 (EPD1)
    values.tcr = 25 | 1 << 8 | 1 << 10 | 3 << 12 | 25 << 16 | 1 << 23 | (address_bits < 5 ? address_bits : 5) << 32;
    values.ttbr0 = reinterpret_cast<u64>(&giants);
    // M, C, SA, I, WXN; the others as after reset
    values.sctlr = 0x30d00800 | 1 << 0 | 1 << 2 | 1 << 3 | 1 << 12 | 1 << 19;
#ifdef KERNEL_MUTATION_WRITABLE_TEXT
    values.sctlr &= ~(u64{1} << 19);
#endif
    secondary_boot = values;
    // All writes so far went past the cache. Its lines, if any, are older: drop them. (The loader has cleaned
    // the image, as the boot protocol of Linux asks.)
    const u64 line = u64{4} << (read_ctr() >> 16 & 15);
    for (u64 at = image & ~(line - 1); at < linked_at(text_window_begin); at += line) {
        invalidate_data(at);
    }
    dsb_sy();
    mmu_on(&secondary_boot);
    const u64 end = memory + memory_size;
    return end - image_giant < giant_size ? end : image_giant + giant_size;
}

} // namespace kernel
