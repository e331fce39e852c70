// SPDX-License-Identifier: BSL-1.0
//
// smp: the other processors.
//
//     on_cpu(1, &wait_for_interrupts);      // processor 1 does this, while this one goes on
//     on_all(&set_up_interface);            // all do this, and all have done it
//
// What. Starts the processors of the device tree by PSCI, up to most_cpus, and has them do something. Stops and starts
// one again.
// Why after apply(). No processor may run a site while the patcher writes it, and none needs to. A change of a later time
// knows processors that start meanwhile (live.cpp).
// How. Each other processor waits for a function in its mailbox. It sleeps by wfi; an interrupt wakes it. Without an
// interrupt controller it waits by wfe.
#pragma once

#include "cpu.hpp"

namespace kernel {

inline constexpr u32 most_cpus = MOST_CPUS;
inline constexpr size_t stack_size = STACK_SIZE;

using work = void (*)();

struct [[gnu::aligned(256)]] per_cpu {
    u32 number;
    u32 online;
    u64 mpidr;        ///< the affinity fields alone
    work to_do;       ///< its present work; null: it waits
    u64 arrived;      ///< the last request to stand still that it obeyed (live.cpp)
    u64 synchronised; ///< the last request to synchronise that it has done
    u32 answers;      ///< whether changes wait for its answer
    u64 woken;        ///< interrupts that only wake it
};

inline constinit per_cpu cpus[most_cpus]{};

[[nodiscard]] inline per_cpu& this_cpu() noexcept { return *reinterpret_cast<per_cpu*>(read_tpidr()); }

/// Starts the others, and says which of them did not come.
void start_others() noexcept;
/// How many have started, and stopped for a time at most. Numbers go from 0 (the first one) to this.
[[nodiscard]] u32 cpus_running() noexcept;
/// How many the device tree names.
[[nodiscard]] u32 cpus_named() noexcept;

/// Has processor `number` call `what()`, after its current work. For one caller at a time. On this processor: an ordinary
/// call.
void on_cpu(u32 number, work what) noexcept;
/// Whether that processor has done its work.
[[nodiscard]] bool is_idle(u32 number) noexcept;
/// In its work: this processor stops, and runs no site until start_again(). Then it calls its work from the beginning.
[[noreturn]] void stop_this_cpu() noexcept;
/// Another one that has called stop_this_cpu(). False as long as it has not stopped, and if firmware refuses. It does not
/// wait until the processor runs.
[[nodiscard]] bool start_again(u32 number) noexcept;
/// Has all processors call `what()`, this one too; returns when all have.
void on_all(work what) noexcept;

} // namespace kernel
