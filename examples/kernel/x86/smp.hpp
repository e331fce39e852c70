// SPDX-License-Identifier: BSL-1.0
//
// smp: the other processors, natively.
//
// What. Finds them (processors.hpp), starts them by INIT-SIPI, and has them do something.
// Why after apply(). A processor that runs a site while its bytes are written may fetch half of them: it must not run
// yet, or go through something like a breakpoint. Linux patches before it starts the others, and so does this.
// How. A processor begins in real mode at a page below 1 MiB; ap_start (boot_native.S) is copied there.
#pragma once

#include "cpu.hpp"

namespace kernel::smp {

/// Starts all there are, up to most_cpus, and says what of them it could not find or use.
void start_others() noexcept;
/// How many run, the first one included.
[[nodiscard]] u32 count() noexcept;
/// How many there are, as far as anybody says, up to most_cpus.
[[nodiscard]] u32 known() noexcept;
/// Has every other processor call `what()` once, and this one too; returns when all have.
void on_all(void (*what)() noexcept) noexcept;

/// In on_all(): this processor stops for good, and runs no site any more.
[[noreturn]] void stop_this_cpu() noexcept;
/// Another one, once cpus[number].online is 0: starts it again, and has it call `what()` first. False if it does not start.
[[nodiscard]] bool start_again(u32 number, void (*what)() noexcept) noexcept;

} // namespace kernel::smp
