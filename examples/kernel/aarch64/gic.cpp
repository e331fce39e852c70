// SPDX-License-Identifier: BSL-1.0
//
// gic: finds the controller and sets it up. See gic.hpp.
#include "gic.hpp"

#include "device_tree.hpp"
#include "harness.hpp"

namespace kernel::gic {

constinit controller the{};

namespace {

constinit sgi_handler sgi_handlers[first_ppi]{};

constexpr u32 default_priority = 0xa0a0a0a0; // four interrupts
constexpr u32 lowest_priority = 0xf0;        // the mask: interrupts with a lower number come
constexpr u64 patience = 1'000'000'000;      // nanoseconds
constexpr u64 affinity_bits = 0xff00ffffff;  // of MPIDR_EL1

constexpr unsigned most_regions = 8;
constinit device_tree::range redistributor_regions[most_regions]{};
constinit unsigned regions = 0;
constinit u64 redistributor_stride = 0; // 0: as GICR_TYPER says

/// Waits until `bits` of a register are clear.
void wait_until_clear(u64 base, u32 offset, u32 bits, const char* what) noexcept {
    const u64 begin = nanoseconds();
    while ((read32(base, offset) & bits) != 0) {
        if (nanoseconds() - begin > patience) {
            abort_run("the interrupt controller does not answer: ", what);
        }
    }
}

// ---- The distributor.

void begin_interrupts_of_devices() noexcept {
    const u64 base = the.distributor;
    for (u32 number = first_spi; number < the.interrupts; number += 32) {
        write32(base, gicd_icenabler + number / 8, ~0U);
        write32(base, gicd_icpendr + number / 8, ~0U);
        write32(base, gicd_icactiver + number / 8, ~0U);
        if (found_version == 3) {
            write32(base, gicd_igroupr + number / 8, ~0U); // group 1: ICC_IAR1_EL1 acknowledges these
        }
    }
    for (u32 number = first_spi; number < the.interrupts; number += 4) {
        write32(base, gicd_ipriorityr + number, default_priority);
    }
}

void begin_distributor() noexcept {
    const u64 base = the.distributor;
    const u32 typer = read32(base, gicd_typer);
    the.interrupts = 32 * ((typer & 0x1f) + 1);
    the.interrupts = the.interrupts < first_special ? the.interrupts : first_special;
    the.id_bits = (typer >> 19 & 0x1f) + 1;
    write32(base, gicd_ctlr, 0);
    if (found_version == 2) {
        begin_interrupts_of_devices();
        write32(base, gicd_ctlr, gicd_ctlr_enable);
        return;
    }
    // Affinity routing may be changed only while both groups are off, and the registers of interrupts follow it.
    wait_until_clear(base, gicd_ctlr, gicd_ctlr_rwp, "GICD_CTLR.RWP");
    write32(base, gicd_ctlr, gicd_ctlr_are_ns);
    wait_until_clear(base, gicd_ctlr, gicd_ctlr_rwp, "GICD_CTLR.RWP");
    begin_interrupts_of_devices();
    wait_until_clear(base, gicd_ctlr, gicd_ctlr_rwp, "GICD_CTLR.RWP");
    write32(base, gicd_ctlr, gicd_ctlr_are_ns | gicd_ctlr_enable_g1a | gicd_ctlr_enable_g1);
    wait_until_clear(base, gicd_ctlr, gicd_ctlr_rwp, "GICD_CTLR.RWP");
}

// ---- A processor.

/// The redistributor of the processor with this affinity, or 0.
[[nodiscard]] u64 find_redistributor(u64 mpidr) noexcept {
    const u64 affinity = (mpidr >> 32 & 0xff) << 24 | (mpidr & 0xffffff); // as GICR_TYPER[63:32] has it
    for (unsigned i = 0; i < regions; ++i) {
        u64 frame = redistributor_regions[i].base;
        const u64 end = frame + redistributor_regions[i].size;
        while (frame + 2 * gicr_frame <= end) {
            const u64 typer = read64(frame, gicr_typer);
            if (typer >> 32 == affinity) {
                return frame;
            }
            if ((typer & gicr_typer_last) != 0) {
                break;
            }
            const u64 frames = (typer & gicr_typer_vlpis) != 0 ? 4 : 2;
            frame += redistributor_stride != 0 ? redistributor_stride : frames * gicr_frame;
        }
    }
    return 0;
}

/// Whether the CPU interface can be driven by system registers, which it then is.
bool use_system_registers() noexcept {
    write_icc_sre(read_icc_sre() | icc_sre_sre);
    isb();
    return (read_icc_sre() & icc_sre_sre) != 0;
}

/// None of their interrupts is wanted yet, and firmware may have left one running.
void mask_timers() noexcept {
    constexpr u64 masked = 2;
    write_cntv_ctl(masked);
    write_cntp_ctl(masked);
    isb();
}

void begin_private_interrupts(u64 frame) noexcept {
    write32(frame, gicd_icenabler, ~0U);
    write32(frame, gicd_icpendr, ~0U);
    write32(frame, gicd_icactiver, ~0U);
    for (u32 number = 0; number < first_spi; number += 4) {
        write32(frame, gicd_ipriorityr + number, default_priority);
    }
    write32(frame, gicd_isenabler, 0xffff); // SGIs
}

void begin_processor_v2(processor& self, u32 number) noexcept {
    self.private_frame = the.distributor;
    // Which interface is that of this processor? Its own registers of targets say it, all of them. With one processor
    // they are 0.
    const u32 targets = read32(the.distributor, gicd_itargetsr);
    u32 mask = (targets | targets >> 8 | targets >> 16 | targets >> 24) & 0xff;
    mask = mask != 0 ? mask : 1U << number;
    self.cluster = 0;
    self.bit = u64{mask} << 16;
    self.self = 2U << 24;
}

void begin_processor_v3(processor& self, u64 mpidr) noexcept {
    self.affinity = mpidr;
    self.redistributor = find_redistributor(mpidr);
    if (self.redistributor == 0) {
        abort_run("no redistributor for the processor with MPIDR ", hex{mpidr});
    }
    self.private_frame = self.redistributor + gicr_frame;
    u32 waker = read32(self.redistributor, gicr_waker);
    waker &= ~gicr_waker_processor_sleep;
    write32(self.redistributor, gicr_waker, waker);
    wait_until_clear(self.redistributor, gicr_waker, gicr_waker_children_asleep, "GICR_WAKER.ChildrenAsleep");
    // ICC_SGI1R_EL1: Aff3, RS, Aff2, Aff1, and a bit for one of Aff0's 16 values.
    const u64 aff0 = mpidr & 0xff;
    self.cluster =
        (mpidr >> 32 & 0xff) << 48 | (aff0 / 16) << 44 | (mpidr >> 16 & 0xff) << 32 | (mpidr >> 8 & 0xff) << 16;
    self.bit = u64{1} << aff0 % 16;
    self.self = self.cluster | self.bit;
}

} // namespace

void begin_on_this_cpu() noexcept {
    if (found_version == 0) {
        return;
    }
    const u32 number = this_cpu().number;
    processor& self = the.processors[number];
    if (found_version == 2) {
        begin_processor_v2(self, number);
        begin_private_interrupts(self.private_frame);
    } else {
        begin_processor_v3(self, read_mpidr() & affinity_bits);
        write32(self.private_frame, gicd_igroupr, ~0U);
        begin_private_interrupts(self.private_frame);
        wait_until_clear(self.redistributor, gicr_ctlr, gicr_ctlr_rwp, "GICR_CTLR.RWP");
        use_system_registers();
    }
    mask_timers();
    split_end_of_interrupt(false);
    detail::mask_site(the.interface, lowest_priority);
    detail::enable_site(the.interface);
}

namespace {

/// A property that is one number of 32 or 64 bits.
[[nodiscard]] u64 number_in(const device_tree& tree, const device_tree::node& of, const char* name,
                            u64 otherwise) noexcept {
    const device_tree::property property = tree.find(of, name);
    if (!property || (property.size != 4 && property.size != 8)) {
        return otherwise;
    }
    u64 value = 0;
    for (u32 i = 0; i < property.size; ++i) {
        value = value << 8 | property.data[i];
    }
    return value;
}

[[nodiscard]] bool find_v2(const device_tree& tree) noexcept {
    constexpr const char* names[]{"arm,cortex-a15-gic", "arm,gic-400", "arm,cortex-a7-gic", "arm,cortex-a9-gic"};
    for (const char* name : names) {
        const device_tree::node found = tree.find_compatible(name);
        device_tree::range distributor{};
        device_tree::range interface{};
        // If processors have EL2, `reg` has four ranges. Only the first two belong to this kernel.
        if (tree.reg(found, 0, distributor) && tree.reg(found, 1, interface)) {
            the.distributor = distributor.base;
            the.interface = interface.base;
            the.others = 1U << 24;
            return true;
        }
    }
    return false;
}

[[nodiscard]] bool find_v3(const device_tree& tree) noexcept {
    const device_tree::node found = tree.find_compatible("arm,gic-v3");
    device_tree::range distributor{};
    if (!tree.reg(found, 0, distributor)) {
        return false;
    }
    // Without the system registers GICv3 is of no use to this kernel: the legacy interface is optional.
    if ((read_id_aa64pfr0() >> 24 & 0xf) == 0 || !use_system_registers()) {
        return false;
    }
    the.distributor = distributor.base;
    the.others = u64{1} << 40;
    redistributor_stride = number_in(tree, found, "redistributor-stride", 0);
    const u64 count = number_in(tree, found, "#redistributor-regions", 1);
    for (regions = 0; regions < most_regions && regions < count; ++regions) {
        if (!tree.reg(found, regions + 1, redistributor_regions[regions])) {
            break;
        }
    }
    return true;
}

} // namespace

bool begin(const device_tree& tree) noexcept {
    found_version = find_v3(tree) ? 3 : find_v2(tree) ? 2 : 0;
    inlay::set(gicv2, found_version == 2);
    inlay::set(gicv3, found_version == 3);
    if (found_version == 0) {
        return false;
    }
    begin_distributor();
    begin_on_this_cpu();
    return true;
}

void on_sgi(u32 number, sgi_handler handler) noexcept {
    __atomic_store_n(&sgi_handlers[number], handler, __ATOMIC_RELEASE);
}

bool handle_sgi(u32 number, int sender) noexcept {
    const sgi_handler handler = number < first_ppi ? __atomic_load_n(&sgi_handlers[number], __ATOMIC_RELAXED) : nullptr;
    if (handler == nullptr) {
        return false;
    }
    handler(number, sender);
    return true;
}

void take_interrupt() noexcept {
    const u32 taken = acknowledge();
    const u32 number = number_of(taken);
    if (is_special(number)) {
        return;
    }
    end_of_interrupt(taken);
    if (!handle_sgi(number, sender_of(taken))) {
        abort_run("interrupt ", number, " came, which nothing handles");
    }
}

int reported_sender(u32 cpu) noexcept {
    int number = -1; // GICv3 has none
    if (found_version == 2) {
        for (u64 bits = the.processors[cpu].bit >> 16; bits != 0; bits >>= 1) {
            ++number;
        }
    }
    return number;
}

const char* name() noexcept { return found_version == 3 ? "gicv3" : found_version == 2 ? "gicv2" : nullptr; }

void send_to(u32 mask, u32 sgi) noexcept {
    for (u32 cpu = 0; mask >> cpu != 0; ++cpu) {
        if ((mask >> cpu & 1U) == 0) {
            continue;
        }
        const u64 cluster = the.processors[cpu].cluster;
        u64 bits = 0;
        for (u32 other = cpu; other < most_cpus; ++other) {
            if ((mask >> other & 1U) != 0 && the.processors[other].cluster == cluster) {
                bits |= the.processors[other].bit;
                mask &= ~(1U << other);
            }
        }
        detail::send_site(the.distributor, cluster | bits, sgi);
    }
}

// ---- One interrupt. Its bit alone is written: the registers that set and clear leave the others as they are.

namespace {

[[nodiscard]] u64 frame_of(u32 number) noexcept {
    return number < first_spi ? the.processors[this_cpu().number].private_frame : the.distributor;
}
void write_bit(u32 reg, u32 number) noexcept { writel(frame_of(number), reg + number / 32 * 4, 1U << number % 32); }

} // namespace

void enable(u32 number) noexcept { write_bit(gicd_isenabler, number); }

void disable(u32 number) noexcept {
    write_bit(gicd_icenabler, number);
    if (found_version == 3) { // it may be on its way until then
        if (number < first_spi) {
            wait_until_clear(the.processors[this_cpu().number].redistributor, gicr_ctlr, gicr_ctlr_rwp,
                             "GICR_CTLR.RWP");
        } else {
            wait_until_clear(the.distributor, gicd_ctlr, gicd_ctlr_rwp, "GICD_CTLR.RWP");
        }
    }
}

void route(u32 number, u32 cpu) noexcept {
    const processor& to = the.processors[cpu];
    if (found_version == 3) {
        write64(the.distributor, gicd_irouter + number * 8, to.affinity);
    } else {
        write8(the.distributor, gicd_itargetsr + number, static_cast<u8>(to.bit >> 16));
    }
}

void set_pending(u32 number) noexcept { write_bit(gicd_ispendr, number); }

void deactivate(u32 number) noexcept { write32(frame_of(number), gicd_icactiver + number / 32 * 4, 1U << number % 32); }
bool is_active(u32 number) noexcept {
    return (read32(frame_of(number), gicd_isactiver + number / 32 * 4) >> number % 32 & 1U) != 0;
}

void split_end_of_interrupt(bool split) noexcept {
    if (found_version == 3) {
        write_icc_ctlr(split ? icc_ctlr_eoi_mode : 0);
        isb();
    } else if (found_version == 2) {
        const u32 enabled = read32(the.interface, gicc_ctlr) & gicc_ctlr_enable;
        write32(the.interface, gicc_ctlr, enabled | (split ? gicc_ctlr_eoi_mode : 0));
    }
}

} // namespace kernel::gic
