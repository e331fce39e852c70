// SPDX-License-Identifier: BSL-1.0
//
// native_tables: the kernel's own page tables on bare hardware.
//
// What. The image in pages of 4 KiB, each part with its protection. And a direct map of the first 4 GiB (physical)
// without text, for firmware's tables and the local APIC.
// Why. boot_native.S maps everything writable and executable. Here text is read-only and executable, all else is not
// executable, and CR0.WP (set at boot) makes the kernel itself obey. The patcher writes through a window of its own
// (text_window.hpp), not through a second mapping that always exists.
// How. Plain stores: these tables are not in use until CR3 is written.
#include "paging.hpp"

#include <inlay/kernel.hpp>
#include <inlay/pv/linux.hpp>

extern "C" const char image_begin[], text_begin[], text_end[], rodata_end[], user_text[], user_text_end[], image_end[];

namespace kernel {

namespace {

namespace pv = inlay::x86::pv;

using table = u64[512];
[[gnu::aligned(4096)]] constinit table l4{};
[[gnu::aligned(4096)]] constinit table image_l3{};
[[gnu::aligned(4096)]] constinit table image_l2{};
[[gnu::aligned(4096)]] constinit table image_l1[2]{}; // 4 MiB
[[gnu::aligned(4096)]] constinit table direct_l3{};
[[gnu::aligned(4096)]] constinit table direct_l2[4]{};
[[gnu::aligned(4096)]] constinit table direct_l1{}; // the first 2 MiB

constexpr u64 large_page = 0x200000;
constexpr u64 devices = 0xc0000000; // from here to 4 GiB, on a PC
constexpr u32 efer = 0xc0000080;
constexpr u32 efer_no_execute = 1 << 11;
constexpr u64 cr4_smep = 1 << 20;
constexpr u64 cr4_smap = 1 << 21;
constexpr u64 cr4_fsgsbase = 1 << 16;
constexpr u64 cr4_mce = 1 << 6;

[[nodiscard]] u64 linked_at(const char* symbol) noexcept { return reinterpret_cast<u64>(symbol); }

[[nodiscard]] protection of_image(u64 at) noexcept {
    return at >= linked_at(text_begin) && at < linked_at(text_end)      ? protection::execute
           : at >= linked_at(text_end) && at < linked_at(user_text_end) ? protection::read
                                                                        : protection::write;
}

[[nodiscard]] bool has(inlay::x86::cpuid probe) noexcept { return inlay::x86::holds(probe, inlay::x86::this_cpu{}); }

} // namespace

void make_native_tables() noexcept {
    constexpr u64 to_table = page::present | page::writable | page::accessed;
    for (u64 at = linked_at(image_begin); at < linked_at(image_end); at += page_size) {
        const u64 frame = at - KERNEL_BASE;
        image_l1[frame / large_page][frame / page_size % 512] = frame | bits_of(of_image(at));
    }
    image_l2[0] = physical(image_l1[0]) | to_table;
    image_l2[1] = physical(image_l1[1]) | to_table;
    image_l3[510] = physical(image_l2) | to_table;
    l4[511] = physical(image_l3) | to_table;

    for (u64 frame = 0; frame < large_page; frame += page_size) {
        const bool text = of_image(KERNEL_BASE + frame) == protection::execute;
        direct_l1[frame / page_size] = text ? 0 : frame | bits_of(protection::write);
    }
    for (u64 frame = 0; frame < u64{1} << 32; frame += large_page) {
        direct_l2[frame >> 30][frame / large_page % 512] =
            frame | bits_of(protection::write) | page::large | (frame >= devices ? page::uncached : 0);
    }
    direct_l2[0][0] = physical(direct_l1) | to_table;
    for (unsigned i = 0; i < 4; ++i) {
        direct_l3[i] = physical(direct_l2[i]) | to_table;
    }
    l4[DIRECT_MAP >> 39 & 511] = physical(direct_l3) | to_table;
    load_tables();
}

void load_tables() noexcept {
    // Bits that the processor lacks are not set.
    if (has(inlay::cpu.nx.probe())) {
        pv::write_msr(efer, static_cast<u32>(pv::read_msr(efer)) | efer_no_execute, 0);
    }
    u64 cr4 = pv::read_cr4();
    cr4 |= has(inlay::cpu.smep.probe()) ? cr4_smep : 0;
    cr4 |= has(inlay::cpu.smap.probe()) ? cr4_smap : 0;
    cr4 |= has(inlay::cpu.fsgsbase.probe()) ? cr4_fsgsbase : 0;
    cr4 |= has(inlay::cpu.mce.probe()) ? cr4_mce : 0;
    pv::write_cr4(cr4);
    pv::write_cr3(physical(l4));
}

} // namespace kernel
