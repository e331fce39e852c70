// SPDX-License-Identifier: BSL-1.0
//
// apic: registers of the local APIC, in memory at 0xfee00000. See apic.hpp.
#include "apic.hpp"

#include "clock.hpp"
#include "paging.hpp"
#include "per_cpu.hpp"

#include <inlay/kernel.hpp>
#include <inlay/pv/linux.hpp>

namespace kernel::apic {

namespace {

constexpr u64 registers = 0xfee00000;
constexpr u32 reg_id = 0x20;
constexpr u32 reg_eoi = 0xb0;
constexpr u32 reg_spurious = 0xf0;
constexpr u32 reg_command_low = 0x300;
constexpr u32 reg_command_high = 0x310;
constexpr u32 reg_timer = 0x320;
constexpr u32 reg_initial_count = 0x380;
constexpr u32 reg_current_count = 0x390;
constexpr u32 reg_divide = 0x3e0;
constexpr u32 enabled = 0x100;
constexpr u32 periodic = 0x20000;
constexpr u32 masked = 0x10000;
constexpr u32 pending = 0x1000;
constexpr u32 init = 0x4500; // INIT, level assert
constexpr u32 sipi = 0x4600; // start-up
constexpr u32 nmi = 0x4400;
constexpr u32 fixed = 0x4000; // an ordinary vector
constexpr u32 by_one = 0xb;

constinit bool in_use = false;
constinit u64 ticks_in_a_millisecond = 0;

[[nodiscard]] u32 read(u32 reg) noexcept { return *direct<volatile u32>(registers + reg); }
void write(u32 reg, u32 value) noexcept { *direct<volatile u32>(registers + reg) = value; }

void wait(u64 nanoseconds) noexcept {
    const u64 begin = sched_clock();
    while (sched_clock() - begin < nanoseconds) {
        pause();
    }
}

void take_timer(trap_frame& /*frame*/) noexcept {
    end_of_interrupt();
    take_tick();
}
void take_spurious(trap_frame& /*frame*/) noexcept {}

void command(u32 to, u32 what) noexcept {
    write(reg_command_high, to << 24);
    write(reg_command_low, what);
    while ((read(reg_command_low) & pending) != 0) {
        pause();
    }
}

} // namespace

bool begin() noexcept {
    // In any case nothing comes from the two 8259s: as firmware leaves them, the timer's interrupt is vector 8.
    out8(0x21, 0xff);
    out8(0xa1, 0xff);
    if (!inlay::x86::holds(inlay::cpu.apic.probe(), inlay::x86::this_cpu{})) {
        return false;
    }
    in_use = true;
    on_interrupt(vector::timer, &take_timer);
    on_interrupt(vector::spurious, &take_spurious);
    begin_on_this_cpu();
    this_cpu().apic_id = id();
    // How fast does the timer count?
    write(reg_divide, by_one);
    write(reg_timer, masked);
    write(reg_initial_count, ~u32{0});
    wait(1'000'000);
    ticks_in_a_millisecond = ~u32{0} - read(reg_current_count);
    return true;
}

void begin_on_this_cpu() noexcept { write(reg_spurious, enabled | static_cast<u32>(vector::spurious)); }
u32 id() noexcept { return read(reg_id) >> 24; }
void end_of_interrupt() noexcept {
    if (in_use) {
        write(reg_eoi, 0);
    }
}

void begin_timer(u64 period) noexcept {
    write(reg_timer, period == 0 ? masked : periodic | static_cast<u32>(vector::timer));
    write(reg_initial_count, static_cast<u32>(period * ticks_in_a_millisecond / 1'000'000));
}

void send(u32 to, vector number) noexcept { command(to, fixed | static_cast<u32>(number)); }
void send_nmi(u32 to) noexcept { command(to, nmi); }

void start(u32 to, u64 start) noexcept {
    command(to, init);
    wait(200'000);
    command(to, sipi | static_cast<u32>(start >> 12));
    wait(200'000);
    command(to, sipi | static_cast<u32>(start >> 12));
}

} // namespace kernel::apic
