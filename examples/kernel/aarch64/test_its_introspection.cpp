// SPDX-License-Identifier: BSL-1.0
//
// test_its_introspection: the registers by which an ITS describes itself.
#include "gic.hpp"
#include "its.hpp"
#include "test_gic.hpp"

namespace kernel {

namespace {

/// Of 32 bits, or of 64, by its halves.
void check_read_only(u32 reg, u32 size, const char* name) noexcept {
    const u64 base = gic::its::registers();
    bool same = true;
    for (u32 at = reg; at < reg + size; at += 4) {
        const u32 before = read32(base, at);
        write32(base, at, ~before);
        same = same && read32(base, at) == before;
        write32(base, at, before);
    }
    report(same, name, " is read-only");
}

} // namespace

void test_its_introspection() noexcept {
    const interrupt_test test{"its-introspection"};
    if (!gic::its::found()) {
        skip("No ITS, skip ...");
        return;
    }
    check_read_only(gic::gits_iidr, 4, "GITS_IIDR");
    check_read_only(gic::gits_typer, 8, "GITS_TYPER");
    const gic::its::properties found = gic::its::read_properties();
    report(found.physical_lpis, "ITS supports physical LPIs");
    info("virtual LPIs: ", found.virtual_lpis);
    info("bits of identifiers: events ", found.event_bits, ", devices ", found.device_bits, ", collections ",
         found.collection_bits);
    info("an event takes ", found.entry_size, " bytes; targets are ",
         found.physical_targets ? "addresses of redistributors" : "numbers of processors");
    // Enough for the tests of this kernel: event 255, device 7, collection 3.
    report(found.event_bits >= 8 && found.device_bits >= 3 && found.collection_bits >= 2, "ID spaces");
    u32 devices = 0;
    u32 collections = 0;
    for (u32 i = 0; i < gic::gits_baser_count; ++i) {
        const gic::its::table_kind kind = gic::its::kind_of_table(i);
        devices += kind == gic::its::table_kind::devices ? 1U : 0U;
        collections += kind == gic::its::table_kind::collections ? 1U : 0U;
        if (kind == gic::its::table_kind::devices || kind == gic::its::table_kind::collections) {
            info("GITS_BASER", i, ": ", kind == gic::its::table_kind::devices ? "devices" : "collections", " of ",
                 gic::its::entry_size_of_table(i), " bytes");
        }
    }
    report(devices == 1 && collections == 1, "detect device and collection BASER");
}

} // namespace kernel
