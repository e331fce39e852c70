// SPDX-License-Identifier: BSL-1.0
//
// lpi: tables of LPIs. See lpi.hpp.
#include "lpi.hpp"

#include "gic.hpp"
#include "harness.hpp"
#include "pages.hpp"

namespace kernel::gic::lpi {

namespace {

constexpr u32 id_bits = 14;
static_assert(end == 1U << id_bits);
constexpr u64 page = 4096;
constexpr u64 configuration_size = end - first_lpi;
constexpr u64 pending_size = 0x10000; // a bit for each number is enough, but the address is a multiple of this
constexpr u8 priority = 0xa0;         // bits 7 to 2
constexpr u32 gicd_typer_lpis = 1U << 17;

constinit u8* configuration = nullptr;
constinit bool coherent = true;

/// Writes a table's address and attributes to a register of a redistributor. If it does not take "shareable", it does
/// not look into caches.
void set_table(u64 redistributor, u32 reg, u64 value) noexcept {
    write64(redistributor, reg, value | table_inner_shareable | table_write_back << 7);
    if ((read64(redistributor, reg) & table_shareability) == 0) {
        coherent = false;
        write64(redistributor, reg, value | table_non_cacheable << 7);
    }
}

void begin_redistributor(u64 redistributor) noexcept {
    if ((read32(redistributor, gicr_ctlr) & gicr_ctlr_enable_lpis) != 0) {
        abort_run("LPIs are already on, with tables of other software");
    }
    const void* const pending = allocate_pages(pending_size / page, pending_size / page);
    set_table(redistributor, gicr_propbaser, reinterpret_cast<u64>(configuration) | (id_bits - 1));
    set_table(redistributor, gicr_pendbaser, reinterpret_cast<u64>(pending) | gicr_pendbaser_ptz);
    clean_to_memory(pending, pending_size);
    clean_to_memory(configuration, configuration_size);
    dsb_sy(); // the tables, before they are looked at
    write32(redistributor, gicr_ctlr, read32(redistributor, gicr_ctlr) | gicr_ctlr_enable_lpis);
    dsb_sy();
}

} // namespace

bool possible() noexcept {
    if (found_version != 3 || (read32(the.distributor, gicd_typer) & gicd_typer_lpis) == 0 || the.id_bits < id_bits) {
        return false;
    }
    for (u32 cpu = 0; cpu < cpus_running(); ++cpu) {
        if ((read64(the.processors[cpu].redistributor, gicr_typer) & gicr_typer_plpis) == 0) {
            return false;
        }
    }
    return true;
}

void begin() noexcept {
    if (configuration != nullptr) {
        return;
    }
    configuration = static_cast<u8*>(allocate_pages(configuration_size / page));
    for (u64 i = 0; i < configuration_size; ++i) {
        configuration[i] = priority;
    }
    // A processor that does not run has no redistributor here, and gets no table.
    for (u32 cpu = 0; cpu < cpus_running(); ++cpu) {
        if (const u64 redistributor = the.processors[cpu].redistributor; redistributor != 0) {
            begin_redistributor(redistributor);
        }
    }
}

void configure(u32 number, state to) noexcept {
    u8& entry = configuration[number - first_lpi];
    __atomic_store_n(&entry, static_cast<u8>(priority | static_cast<u8>(to)), __ATOMIC_RELAXED);
    if (!coherent) {
        clean_to_memory(&entry, 1);
    }
    dsb_ishst(); // before a command has the entry read
}

void clean_to_memory(const void* begin, u64 size) noexcept {
    const u64 line = u64{4} << (read_ctr() >> 16 & 0xf); // CTR_EL0.DminLine, in words
    const u64 first = reinterpret_cast<u64>(begin);
    for (u64 at = first & ~(line - 1); at < first + size; at += line) {
        clean_to_coherency(at);
    }
    dsb_sy();
}

} // namespace kernel::gic::lpi
