// SPDX-License-Identifier: BSL-1.0
//
// steal_time: asks, and reads. See steal_time.hpp.
#include "steal_time.hpp"

#include "harness.hpp"
#include "psci.hpp"
#include "smp.hpp"
#include "text_window.hpp"

#include <inlay/kernel.hpp>

namespace kernel::steal_time {

namespace {

// Arm DEN 0028 (SMCCC), DEN 0022 (PSCI), DEN 0057
constexpr u64 psci_version = 0x84000000;
constexpr u64 psci_features = 0x8400000a;
constexpr u64 smccc_version = 0x80000000;
constexpr u64 smccc_features = 0x80000001;
constexpr u64 pv_time_features = 0xc5000020;
constexpr u64 pv_time_st = 0xc5000021;

/// The structure whose address PV_TIME_ST returns.
struct stolen_time {
    u32 revision;
    u32 attributes;
    u64 nanoseconds;
};
constinit const stolen_time* of_cpu[most_cpus]{};

/// The results of these calls are numbers of 32 bits, negative ones for errors.
[[nodiscard]] inlay::int32_t ask(u64 function, u64 argument) noexcept {
    return static_cast<inlay::int32_t>(firmware(function, argument, 0, 0));
}

/// The hypervisor chooses the place, and the kernel does not map all of memory.
[[nodiscard]] bool is_mapped(u64 at) noexcept {
    translate_for_read(at);
    isb();
    return (read_par() & 1) == 0;
}

} // namespace

bool is_offered() noexcept {
    return ask(psci_version, 0) >= 0x10000 && ask(psci_features, smccc_version) >= 0 &&
           ask(smccc_version, 0) >= 0x10001 && ask(smccc_features, pv_time_features) >= 0 &&
           ask(pv_time_features, pv_time_st) == 0;
}

bool begin_on_this_cpu() noexcept {
    const u64 at = firmware(pv_time_st, 0, 0, 0);
    const bool good = static_cast<inlay::int64_t>(at) > 0 && at % 64 == 0 && is_mapped(at) &&
                      reinterpret_cast<const stolen_time*>(at)->revision == 0 &&
                      reinterpret_cast<const stolen_time*>(at)->attributes == 0;
    of_cpu[this_cpu().number] = good ? reinterpret_cast<const stolen_time*>(at) : nullptr;
    return good;
}

void begin() noexcept {
    if (is_offered()) {
        text_window window; // before apply() only the cell changes
        if (const auto done = inlay::update(steal_clock, &read, window); !done) {
            abort_run("the clock of stolen time is not set: ", inlay::message(done.error()));
        }
        begin_on_this_cpu();
    }
}

u64 read() noexcept {
    const stolen_time* const mine = of_cpu[this_cpu().number];
    return mine != nullptr ? __atomic_load_n(&mine->nanoseconds, __ATOMIC_RELAXED) : 0;
}

} // namespace kernel::steal_time
