// SPDX-License-Identifier: BSL-1.0
//
// shutdown: the end of the machine, for leave().
//
// What. The emulator ends with the status, by semihosting (Arm, "Semihosting for AArch32 and AArch64",
// SYS_EXIT_EXTENDED); without semihosting, PSCI switches the machine off.
// How. Without semihosting, HLT is an undefined instruction: the exception is expected.
#include "calls.hpp"
#include "cpu.hpp"
#include "harness.hpp"
#include "psci.hpp"
#include "trap.hpp"

namespace kernel {

void end_machine(status how) noexcept {
    constexpr u64 exit_extended = 0x20;
    constexpr u64 application_exit = 0x20026;
    const u64 block[2] = {application_exit, static_cast<u64>(how)};
    (void)provoke(exception_class::unknown, [&] { (void)call_semihosting(exit_extended, block); });
    psci::system_off();
    for (;;) {
        wait_for_interrupt();
    }
}

} // namespace kernel
