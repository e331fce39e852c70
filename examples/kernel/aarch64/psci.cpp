// SPDX-License-Identifier: BSL-1.0
//
// psci: the calls. See psci.hpp.
#include "psci.hpp"

#include "calls.hpp"
#include "harness.hpp"
#include "text_window.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

u64 no_firmware(u64 /*function*/, u64 /*a*/, u64 /*b*/, u64 /*c*/) noexcept {
    return ~u64{0}; // NOT_SUPPORTED
}

namespace psci {

namespace {

constexpr u64 function_system_off = 0x84000008;
constexpr u64 function_cpu_off = 0x84000002;
constexpr u64 function_cpu_on = 0xc4000003;
constexpr u64 function_affinity_info = 0xc4000004;

} // namespace

void choose(const char* method) noexcept {
    text_window window; // before apply() only the cell changes
    inlay::outcome done;
    if (method != nullptr && method[0] == 'h') {
        done = inlay::update(firmware, &call_hypervisor, window);
    } else if (method != nullptr && method[0] == 's') {
        done = inlay::update(firmware, &call_firmware, window);
    }
    if (!done) {
        abort_run("the way to firmware is not set: ", inlay::message(done.error()));
    }
}

int cpu_on(u64 mpidr, u64 entry, u64 context) noexcept {
    return static_cast<int>(static_cast<inlay::int64_t>(firmware(function_cpu_on, mpidr, entry, context)));
}

void cpu_off() noexcept { (void)firmware(function_cpu_off, 0, 0, 0); }

bool is_off(u64 mpidr) noexcept {
    constexpr u64 off = 1;
    return firmware(function_affinity_info, mpidr, 0, 0) == off;
}

void system_off() noexcept { (void)firmware(function_system_off, 0, 0, 0); }

} // namespace psci

} // namespace kernel
