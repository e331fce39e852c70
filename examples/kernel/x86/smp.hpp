// SPDX-License-Identifier: BSL-1.0
//
// smp: the other processors.
//
// What. Finds them (processors.hpp), starts them by INIT-SIPI, and has them do something. Under Xen they are vCPUs
// (xen_vcpus.cpp).
// Why after apply(). A processor that runs a site while its bytes are written may fetch half of them. It must not run
// yet, or go through something like a breakpoint. Linux patches before it starts the others, and so does this.
// How. A processor begins in real mode at a page below 1 MiB; ap_start (boot_native.S) is copied there.
#pragma once

#include "cpu.hpp"

#include "trap.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

/// By the local APIC; under Xen by event channels.
namespace detail {
void send_by_apic(u32 number, vector what) noexcept;
void send_nmi_by_apic(u32 number) noexcept;
} // namespace detail
/// An interrupt (vector::ipi or ::synchronise), or an NMI, to the processor of this number.
inline constexpr inlay::static_call<"smp.send_interrupt", &detail::send_by_apic> send_interrupt;
inline constexpr inlay::static_call<"smp.send_nmi", &detail::send_nmi_by_apic> send_nmi;

} // namespace kernel

namespace kernel::smp {

/// Starts all of them, up to most_cpus, and reports those that it could not find or use.
void start_others() noexcept;
/// The same under Xen.
void start_vcpus() noexcept;
/// How many run, the first one included.
[[nodiscard]] u32 count() noexcept;
/// The number of known processors, up to most_cpus.
[[nodiscard]] u32 known() noexcept;
/// Has every other processor call `what()` once, and this one too; returns when all have.
void on_all(void (*what)() noexcept) noexcept;

/// In on_all(): this processor stops, and runs no site until start_again(). Natively it then begins anew, and this function
/// does not return. A vCPU of Xen's goes on: this function returns.
void stop_this_cpu() noexcept;
/// Another one, once cpus[number].online is 0: starts it again. Natively it calls `what()` first. False if it does not start.
[[nodiscard]] bool start_again(u32 number, void (*what)() noexcept) noexcept;

} // namespace kernel::smp
