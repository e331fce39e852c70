// SPDX-License-Identifier: BSL-1.0
//
// test_gic_mmio: the registers of GICv2's distributor.
//
// What. Registers that cannot be written; priorities and targets, by word and by byte; enabling and disabling one of
// many.
// Why. A hypervisor emulates these, and its mistakes are wrong widths and ranges.
// How. The interrupts used are of devices that this kernel does not have. Each value is put back.
#include "gic.hpp"
#include "test_gic.hpp"

namespace kernel {

namespace {

using namespace gic; // NOLINT(*-using-namespace): this is all about its registers

constexpr u32 pattern = 0xc0a08060; // four different priorities, whichever of the upper four bits exist

[[nodiscard]] u32 read_distributor(u32 reg) noexcept { return read32(the.distributor, reg); }
void write_distributor(u32 reg, u32 value) noexcept { write32(the.distributor, reg, value); }

void check_read_only(u32 reg, const char* name) noexcept {
    const u32 before = read_distributor(reg);
    write_distributor(reg, ~before);
    bool same = read_distributor(reg) == before;
    write_distributor(reg, 0);
    same = same && read_distributor(reg) == before;
    write_distributor(reg, before);
    report(same, name, " is read-only");
}

[[nodiscard]] u8 byte_of(u32 word, unsigned index) noexcept { return static_cast<u8>(word >> 8 * index); }

/// A word keeps its value, a byte reads as in its word, and writing one byte leaves the others.
void check_bytes(u32 reg, u32 value) noexcept {
    const u32 before = read_distributor(reg);
    write_distributor(reg, value);
    report(read_distributor(reg) == value, "register content preserved");
    bool right = true;
    for (unsigned i = 0; i < 4; ++i) {
        right = right && read8(the.distributor, reg + i) == byte_of(value, i);
    }
    report(right, "byte reads successful");
    write8(the.distributor, reg + 2, byte_of(value, 0));
    report(read_distributor(reg) == ((value & 0xff00ffff) | u32{byte_of(value, 0)} << 16), "byte writes successful");
    write_distributor(reg, before);
}

/// The registers of interrupts that do not exist are zero and stay so.
void check_limit(u32 reg) noexcept {
    if (the.interrupts >= first_special) {
        info("all interrupts exist");
        return;
    }
    const u32 beyond = reg + the.interrupts;
    write_distributor(beyond, ~0U);
    report(read_distributor(beyond) == 0, "accesses beyond limit RAZ/WI");
}

void check_priorities() noexcept {
    const report_prefix prefix{"IPRIORITYR"};
    const u32 reg = gicd_ipriorityr + first_spi;
    const u32 before = read_distributor(reg);
    write_distributor(reg, ~0U);
    const u32 all = read_distributor(reg);
    // Priorities have their bits at the top of a byte: 4 to 8 of them.
    unsigned bits = 0;
    while (bits < 8 && (byte_of(all, 0) << bits & 0x80) != 0) {
        ++bits;
    }
    const u32 expected = 0x01010101U * (0xffU << (8 - bits) & 0xff);
    report(bits >= 4 && all == expected, "consistent priority masking");
    info("priorities have ", bits, " bits");
    write_distributor(reg, 0);
    report(read_distributor(reg) == 0, "clearing priorities");
    write_distributor(reg, before);
    check_limit(gicd_ipriorityr);
    const u32 last = gicd_ipriorityr + the.interrupts - 4;
    const u32 last_before = read_distributor(last);
    write_distributor(last, pattern);
    report(read_distributor(last) == pattern, "accessing last SPIs");
    write_distributor(last, last_before);
    check_bytes(reg, pattern);
}

void check_targets() noexcept {
    const report_prefix prefix{"ITARGETSR"};
    if (cpus_running() < 2) {
        skip("one processor: the registers are zero");
        return;
    }
    u32 mask = 0;
    for (u32 cpu = 0; cpu < cpus_running(); ++cpu) {
        mask |= static_cast<u32>(the.processors[cpu].bit >> 16);
    }
    const u32 reg = gicd_itargetsr + first_spi;
    const u32 before = read_distributor(reg);
    write_distributor(reg, ~0U);
    const u32 all = read_distributor(reg);
    write_distributor(reg, before);
    // The architecture has the bits of processors that do not exist read as zero. QEMU keeps them.
    if (all != 0x01010101U * mask) {
        info("bits of processors that do not exist are kept: ", hex{all, 8});
    }
    report((all & 0x01010101U * mask) == 0x01010101U * mask, "bits of all processors can be set");
    check_limit(gicd_itargetsr);
    check_bytes(reg, 0x01020201 & 0x01010101U * mask);
}

void check_enabling() noexcept {
    const report_prefix prefix{"ISENABLER"};
    const u32 first = the.interrupts - 3; // three that nothing raises
    const u32 reg = gicd_isenabler + first / 32 * 4;
    const u32 before = read_distributor(reg);
    for (u32 i = 0; i < 3; ++i) {
        enable(first + i);
    }
    const u32 three = 7U << first % 32;
    report((read_distributor(reg) & ~before) == three, "enabling three interrupts");
    disable(first + 1);
    report((read_distributor(reg) ^ before) == (three & ~(1U << (first + 1) % 32)),
           "disabling one interrupt leaves the others");
    disable(first);
    disable(first + 2);
    report(read_distributor(reg) == before, "disabling all of them");
}

} // namespace

void test_mmio() noexcept {
    const interrupt_test test{"mmio"};
    if (found_version != 2) {
        skip("No GICv2, skip ...");
        return;
    }
    info("interrupts: ", the.interrupts, ", of devices: ", the.interrupts - first_spi);
    check_read_only(gicd_typer, "GICD_TYPER");
    check_read_only(gicd_iidr, "GICD_IIDR");
    check_read_only(gicd_icpidr2, "ICPIDR2");
    check_priorities();
    check_targets();
    check_enabling();
}

} // namespace kernel
