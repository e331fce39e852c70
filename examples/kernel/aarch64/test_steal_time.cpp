// SPDX-License-Identifier: BSL-1.0
//
// test_steal_time: stolen time, of this machine and of a made-up hypervisor.
//
// What. Without the service the call is zero. With it, each processor reads its own structure.
// How. QEMU's TCG does not offer it. So the way to firmware, a static call, leads to a made-up hypervisor for a while.
#include "harness.hpp"
#include "psci.hpp"
#include "smp.hpp"
#include "steal_time.hpp"
#include "text_window.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

namespace {

struct [[gnu::aligned(64)]] structure {
    u32 revision;
    u32 attributes;
    u64 nanoseconds;
};
constinit structure structures[most_cpus]{};
constinit u64 smccc = 0x10002;
constinit u32 right = 0;

u64 made_up(u64 function, u64 argument, u64 /*b*/, u64 /*c*/) noexcept {
    switch (function) {
    case 0x84000000:
        return 0x10001;
    case 0x8400000a:
        return argument == 0x80000000 ? 0 : ~u64{0};
    case 0x80000000:
        return smccc;
    case 0x80000001:
        return argument == 0xc5000020 ? 0 : ~u64{0};
    case 0xc5000020:
        return argument == 0xc5000021 ? 0 : ~u64{0};
    case 0xc5000021:
        return reinterpret_cast<u64>(&structures[this_cpu().number]);
    default:
        return ~u64{0};
    }
}
using way = u64(u64, u64, u64, u64) noexcept;
constinit way* before = nullptr;

void look() noexcept {
    const u32 number = this_cpu().number;
    const bool good = steal_time::begin_on_this_cpu() && steal_clock() == 1000 + number;
    __atomic_fetch_add(&right, good ? 1U : 0U, __ATOMIC_RELAXED);
}

} // namespace

void test_steal_time() noexcept {
    const report_prefix prefix{"steal-time"};
    info(steal_time::is_offered() ? "offered" : "not offered: no time is stolen");
    report(steal_time::is_offered() || steal_clock() == 0, "where it is not offered, the clock stands still");
    if (!others_obey()) {
        skip("no interrupt controller, so that no processor can ask another for anything");
        return;
    }
    before = firmware.state.target;
    bool done = static_cast<bool>(inlay::update(firmware, &made_up));
    report(done && steal_time::is_offered(), "a hypervisor that offers it is believed");
    smccc = 0x10000;
    report(!steal_time::is_offered(), "one before SMCCC 1.1 is not asked");
    smccc = 0x10002;
    for (u32 i = 0; i < most_cpus; ++i) {
        structures[i].nanoseconds = 1000 + i;
    }
    done = static_cast<bool>(inlay::update(steal_clock, &steal_time::read));
    right = 0;
    on_all([] { look(); });
    report(done && right == cpus_running(), "each processor reads its own");
    structures[0].revision = 1;
    report(!steal_time::begin_on_this_cpu() && steal_clock() == 0, "a structure of another revision is not read");
    structures[0].revision = 0;
    done = static_cast<bool>(inlay::update(steal_clock, inlay::returns_zero<u64() noexcept>)) &&
           static_cast<bool>(inlay::update(firmware, before));
    report(done && steal_clock() == 0, "without it the clock is zero again");
}

} // namespace kernel
