// SPDX-License-Identifier: BSL-1.0
//
// live_figures: how long a change of many sites takes, by the kernel's own clock.
//
//     const live::figure_sites sites{figure_sites, nop, jump, sizeof(nop)};
//     live::print_figures("breakpoints", live_text(), sites, &sched_clock, &live_synchronisations);
//
// What. A line for each number of sites, and for each number of sites in a batch.
// Why. Other processors wait, or trap, during a change. A batch shares these costs among its sites.
// How. All sites change there and back, and the way back is timed. No processor runs these sites. With QEMU's -icount, a
// nanosecond is an instruction: the figures are those of an emulator, and say nothing about the time of a processor.
#pragma once

#include "harness.hpp"
#include "types.hpp"

#include <inlay/kernel.hpp>

namespace kernel::live {

/// Sites of `size` bytes each, one after the other. They hold the instruction `now`.
struct figure_sites {
    const u8* begin;
    const u8* now;
    const u8* other;
    u64 size;
};

/// Has the first sites hold this instruction. A batch has so many sites. Whether all writes were accepted.
template <class Text>
[[nodiscard]] bool rewrite(Text& text, const figure_sites& sites, const u8* instruction, u64 count,
                           u64 batch) noexcept {
    bool good = true;
    for (u64 i = 0; i < count; ++i) {
        good = good && text.write(reinterpret_cast<u64>(sites.begin + sites.size * i), instruction, sites.size);
        if ((i + 1) % batch == 0) {
            good = good && text.finish();
        }
    }
    return good && text.finish();
}

/// One at a time, as changes are. There are 4,096 sites.
template <class Text>
void print_figures(const char* way, Text& text, const figure_sites& sites, u64 (*clock)() noexcept,
                   u64 (*synchronisations)() noexcept) noexcept {
    constexpr u64 largest = 128; // of text_poke
    constexpr struct {
        u64 sites, batch;
    } cases[] = {{1, largest}, {64, largest}, {4096, largest}, {1024, 1}, {1024, 8}, {1024, 64}, {1024, largest}};
    for (const auto& each : cases) {
        const bool there = rewrite(text, sites, sites.other, each.sites, each.batch);
        const u64 before = synchronisations();
        const u64 begin = clock();
        const bool back = rewrite(text, sites, sites.now, each.sites, each.batch);
        const u64 time = clock() - begin;
        info("figures: ", way, ": ", each.sites, " sites in batches of ", each.batch, ": ", time, " ns, ",
             synchronisations() - before, " synchronisations (emulated)", there && back ? "" : "; refused");
    }
}

} // namespace kernel::live
