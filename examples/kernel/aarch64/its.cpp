// SPDX-License-Identifier: BSL-1.0
//
// its: tables, queue and commands. See its.hpp.
#include "its.hpp"

#include "gic.hpp"
#include "harness.hpp"
#include "lpi.hpp"
#include "pages.hpp"

#include <inlay/code_rules.hpp>

namespace kernel::gic::its {

namespace {

constexpr u64 page = 4096;
constexpr u64 queue_size = 0x10000;
constexpr u64 command_size = 32;
constexpr unsigned most_polls = 1'000'000; // of 1 us
constexpr u32 most_ids = 16;               // of devices and of collections: numbers below are used

enum class opcode : u64 {
    interrupt = 0x03,
    sync = 0x05,
    map_device = 0x08,
    map_collection = 0x09,
    map_interrupt = 0x0a,
    invalidate = 0x0c,
    invalidate_all = 0x0d,
};
struct command {
    u64 words[4];
};
static_assert(sizeof(command) == command_size);

constinit u64 base = 0;
constinit command* queue = nullptr;
constinit u64 next = 0; // an offset in the queue, in bytes
constinit bool coherent = true;

[[nodiscard]] constexpr u64 valid_bit(bool valid) noexcept { return valid ? table_valid : 0; }
[[nodiscard]] constexpr u64 first_word(opcode what, u32 device) noexcept {
    return static_cast<u64>(what) | u64{device} << 32;
}

/// The processor of a collection, as RDbase in commands (bits 16 to 50).
[[nodiscard]] u64 target_of(const collection& which) noexcept {
    const u64 redistributor = the.processors[which.cpu].redistributor;
    return read_properties().physical_targets ? redistributor : (read64(redistributor, gicr_typer) >> 8 & 0xffff) << 16;
}

/// Queues one command.
[[gnu::noinline]] void submit(const command& what) noexcept {
    command& slot = queue[next / command_size];
    slot = what;
    if (!coherent) {
        lpi::clean_to_memory(&slot, command_size);
    }
    next = (next + command_size) % queue_size;
    dsb_ishst(); // the command is in memory before the ITS hears of it
    write64(base, gits_cwriter, next);
}

/// Waits until the queue is empty. False if the ITS stopped at a command.
[[nodiscard]] bool wait() noexcept {
    for (unsigned polls = 0; polls < most_polls; ++polls) {
        const u64 at = read64(base, gits_creadr);
        if ((at & gits_creadr_stalled) != 0) {
            return false;
        }
        if (at == next) {
            return true;
        }
        delay_us(1);
    }
    abort_run("the ITS does not execute its commands");
}

/// Queues a command and a SYNC, and waits for both.
void run(const command& what, const collection& synchronise) noexcept {
    submit(what);
    submit({{static_cast<u64>(opcode::sync), 0, target_of(synchronise), 0}});
    if (!wait()) {
        abort_run("the ITS stopped at command ", hex{what.words[0] & 0xff});
    }
}

// ---- Set-up. GITS_BASER: a table's page size at bit 8, its pages minus 1 at bit 0.

constexpr u64 baser_attributes = table_write_back << 59 | table_inner_shareable;
constexpr u64 baser_non_cacheable = table_non_cacheable << 59;

void begin_table(u32 index) noexcept {
    const u32 reg = gits_baser + index * 8;
    const u64 bytes = u64{entry_size_of_table(index)} * most_ids;
    for (u64 size = 2;; --size) { // pages of 64, 16 or 4 KiB: an ITS may have one size only
        const u64 page_size = page << 2 * size;
        const u64 pages = (bytes + page_size - 1) / page_size;
        void* const table = allocate_pages(pages * page_size / page, page_size / page);
        const u64 value = table_valid | reinterpret_cast<u64>(table) | size << 8 | (pages - 1);
        write64(base, reg, value | baser_attributes);
        u64 is = read64(base, reg);
        if ((is >> 8 & 3) != size && size != 0) {
            continue;
        }
        if ((is & table_shareability) == 0) {
            write64(base, reg, value | baser_non_cacheable);
            lpi::clean_to_memory(table, pages * page_size);
            is = read64(base, reg);
        }
        if ((is >> 8 & 3) != size || (is & table_valid) == 0) {
            abort_run("the ITS takes no table of pages of ", page_size / 1024, " KiB");
        }
        return;
    }
}

void begin_queue() noexcept {
    queue = static_cast<command*>(allocate_pages(queue_size / page, queue_size / page));
    const u64 value = table_valid | reinterpret_cast<u64>(queue) | (queue_size / page - 1);
    write64(base, gits_cbaser, value | baser_attributes);
    if ((read64(base, gits_cbaser) & table_shareability) == 0) {
        coherent = false;
        write64(base, gits_cbaser, value | baser_non_cacheable);
        lpi::clean_to_memory(queue, queue_size);
    }
    next = 0;
    write64(base, gits_cwriter, 0);
}

} // namespace

bool find(const device_tree& tree) noexcept {
    device_tree::range found{};
    base = found_version == 3 && tree.reg(tree.find_compatible("arm,gic-v3-its"), 0, found) ? found.base : 0;
    inlay::set(kernel::its, base != 0);
    return base != 0;
}

bool found() noexcept { return base != 0; }
u64 registers() noexcept { return base; }

properties read_properties() noexcept {
    const u64 typer = read64(base, gits_typer);
    return {.physical_lpis = (typer & 1) != 0,
            .virtual_lpis = (typer & 2) != 0,
            .physical_targets = (typer >> 19 & 1) != 0,
            .entry_size = static_cast<u32>(typer >> 4 & 0xf) + 1,
            .event_bits = static_cast<u32>(typer >> 8 & 0x1f) + 1,
            .device_bits = static_cast<u32>(typer >> 13 & 0x1f) + 1,
            .collection_bits = (typer >> 36 & 1) != 0 ? static_cast<u32>(typer >> 32 & 0xf) + 1 : 16};
}

table_kind kind_of_table(u32 index) noexcept {
    return static_cast<table_kind>(read64(base, gits_baser + index * 8) >> 56 & 7);
}
u32 entry_size_of_table(u32 index) noexcept {
    return static_cast<u32>(read64(base, gits_baser + index * 8) >> 48 & 0x1f) + 1;
}

void begin() noexcept {
    if (queue != nullptr) {
        return;
    }
    lpi::begin();
    write32(base, gits_ctlr, read32(base, gits_ctlr) & ~gits_ctlr_enabled);
    for (unsigned polls = 0; (read32(base, gits_ctlr) & gits_ctlr_quiescent) == 0; ++polls) {
        if (polls == most_polls) {
            abort_run("the ITS does not become quiescent");
        }
        delay_us(1);
    }
    for (u32 i = 0; i < gits_baser_count; ++i) {
        const table_kind kind = kind_of_table(i);
        if (kind == table_kind::devices || kind == table_kind::collections) {
            begin_table(i);
        }
    }
    begin_queue();
    dsb_sy(); // the tables are in memory before the ITS looks at them
    write32(base, gits_ctlr, gits_ctlr_enabled);
}

device make_device(u32 id, u32 event_bits) noexcept {
    const u64 bytes = u64{read_properties().entry_size} << event_bits;
    const u64 pages = (bytes + page - 1) / page;
    void* const table = allocate_pages(pages); // the ITS wants a multiple of 256 bytes, of zeros
    if (!coherent) {
        lpi::clean_to_memory(table, pages * page);
    }
    return {id, event_bits, reinterpret_cast<u64>(table)};
}

void map(const device& which, bool valid) noexcept {
    submit({{first_word(opcode::map_device, which.id), which.event_bits - 1, which.table | valid_bit(valid), 0}});
    if (!wait()) {
        abort_run("the ITS stopped at command MAPD");
    }
}

void map(const collection& which, bool valid) noexcept {
    run({{static_cast<u64>(opcode::map_collection), 0, target_of(which) | which.id | valid_bit(valid), 0}}, which);
}

void map(const device& from, u32 event, u32 lpi, const collection& to) noexcept {
    run({{first_word(opcode::map_interrupt, from.id), event | u64{lpi} << 32, to.id, 0}}, to);
}

void invalidate(const device& from, u32 event, const collection& synchronise) noexcept {
    run({{first_word(opcode::invalidate, from.id), event, 0, 0}}, synchronise);
}

void invalidate_all(const collection& which) noexcept {
    run({{static_cast<u64>(opcode::invalidate_all), 0, which.id, 0}}, which);
}

void queue_int(const device& from, u32 event, const collection& synchronise) noexcept {
#ifndef KERNEL_MUTATION_NO_ITS_DSB
    dsb_ishst(); // earlier stores are visible to the handler of this interrupt
#endif
    inlay::code_point<"its.int">();
    run({{first_word(opcode::interrupt, from.id), event, 0, 0}}, synchronise);
}

void queue_wrong_int(const device& from, u32 event) noexcept {
    dsb_ishst();
    submit({{first_word(opcode::interrupt, from.id), event, 0, 0}});
    if (!wait()) {
        info("the ITS stopped at the wrong command");
    }
}

} // namespace kernel::gic::its
