// SPDX-License-Identifier: BSL-1.0
//
// clock: the native clock and KVM's, and which one it is. See clock.hpp; Xen's is in xen_time.cpp.
#include "clock.hpp"

#include "hypervisor.hpp"
#include "paging.hpp"
#include "per_cpu.hpp"
#include "print.hpp"
#include "text_window.hpp"

#include <inlay/kernel.hpp>
#include <inlay/pv/linux.hpp>

namespace kernel {

namespace {

constinit clock_kind kind = clock_kind::early;
constinit u32 tsc_multiplier = 0; // nanoseconds for a tick times 2^32, ...
constinit int tsc_shift = 0;      // ... after this shift to the left
constinit u64 tsc_at_start = 0;
constinit tick_handler tick = nullptr;

// The 8254 (PIT): a counter that goes at a known speed, on every PC. Channel 0, since not every machine has the port that
// lets channel 2 count (QEMU's microvm); its interrupt is not used here.
constexpr u64 pit_hertz = 1'193'182;
constexpr u16 pit_channel_0 = 0x40;
constexpr u16 pit_command = 0x43;
constexpr u8 pit_one_shot = 0x30;    // channel 0, both bytes, mode 0: output goes high at the end
constexpr u8 pit_read_status = 0xe2; // of channel 0
constexpr u8 pit_output = 0x80;

[[nodiscard]] u8 pit_status() noexcept {
    out8(pit_command, pit_read_status);
    return in8(pit_channel_0);
}

/// Ticks of the TSC in a second, by waiting for 2 ms of the PIT. An interruption makes them more, so the least of three
/// counts is returned.
[[nodiscard]] u64 measure_tsc() noexcept {
    constexpr u16 count = pit_hertz / 500;
    u64 least = ~u64{0};
    for (int i = 0; i < 3; ++i) {
        const u64 begin = read_tsc();
        out8(pit_command, pit_one_shot);
        out8(pit_channel_0, count & 0xff);
        out8(pit_channel_0, count >> 8);
        if ((pit_status() & 0x3f) != pit_one_shot) { // an existing timer says how it was set
            print("clock: no timer of known speed; as if the TSC went at 1 GHz\n");
            return 1'000'000'000;
        }
        while ((pit_status() & pit_output) == 0) {
            pause();
        }
        const u64 ticks = read_tsc() - begin;
        least = ticks < least ? ticks : least;
    }
    return least * pit_hertz / count;
}

u64 tsc_clock() noexcept { return scale(read_tsc() - tsc_at_start, tsc_multiplier, tsc_shift); }
u64 xen_clock() noexcept { return xen::clock(); }
u64 xen_stolen() noexcept { return xen::stolen(); }

// KVM's clock: MSRs of leaf 0x40000001 (Linux: Documentation/virt/kvm/x86/msr.rst).
constexpr u32 kvm_system_time = 0x4b564d01;
constexpr u32 kvm_steal_time = 0x4b564d03;
constexpr u32 kvm_has_clock = 1 << 3;
constexpr u32 kvm_has_steal_time = 1 << 5;
struct kvm_stolen_time {
    u64 nanoseconds;
    u32 version;
    u32 reserved[13];
};
[[gnu::aligned(64)]] constinit xen::time_info kvm_time{};
[[gnu::aligned(64)]] constinit kvm_stolen_time kvm_stolen{};

u64 kvm_clock() noexcept { return read_pvclock(kvm_time, read_tsc); }
u64 kvm_steal_clock() noexcept { return const_cast<const volatile kvm_stolen_time&>(kvm_stolen).nanoseconds; }

void write_address(u32 msr, const void* at) noexcept {
    const u64 value = physical(at) | 1;
    inlay::x86::pv::write_msr(msr, static_cast<u32>(value), static_cast<u32>(value >> 32));
}

} // namespace

u64 early_clock() noexcept { return read_tsc(); }
clock_kind which_clock() noexcept { return kind; }

void choose_clock(bool xen, bool kvm) noexcept {
    text_window window;
    const u32 offers = kvm ? hypervisor_leaf(1).eax : 0;
    bool done = true;
    if (xen) {
        kind = clock_kind::xen;
        done = inlay::update(sched_clock, &xen_clock, window) && inlay::update(steal_clock, &xen_stolen, window);
    } else if ((offers & kvm_has_clock) != 0) {
        kind = clock_kind::kvm;
        write_address(kvm_system_time, &kvm_time);
        done = static_cast<bool>(inlay::update(sched_clock, &kvm_clock, window));
        if (done && (offers & kvm_has_steal_time) != 0) {
            write_address(kvm_steal_time, &kvm_stolen);
            done = static_cast<bool>(inlay::update(steal_clock, &kvm_steal_clock, window));
        }
    } else {
        kind = clock_kind::tsc;
        u64 multiplier = (u64{1'000'000'000} << 32) / measure_tsc();
        for (; multiplier >> 32 != 0; multiplier >>= 1) { // slower than 1 GHz
            ++tsc_shift;
        }
        tsc_multiplier = static_cast<u32>(multiplier);
        tsc_at_start = read_tsc();
        done = static_cast<bool>(inlay::update(sched_clock, &tsc_clock, window));
    }
    if (!done) {
        __builtin_trap();
    }
}

void take_tick() noexcept {
    if (tick != nullptr) {
        tick();
    }
}
void on_tick(tick_handler what) noexcept { tick = what; }

} // namespace kernel
