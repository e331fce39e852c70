// SPDX-License-Identifier: BSL-1.0
//
// received: which interrupts came where, for tests.
//
//     reset_statistics();
//     gic::send_to(mask, gic::sgi_test);
//     wait_for_interrupts(mask);
//     const bool right = check_received(mask, sender, gic::sgi_test);
//     check_spurious();
//
// What. Handlers that note the number and the sender of an interrupt and count it; a function that waits, and one that
// compares.
// Why. An interrupt may be lost, late, doubled, of another number, from another sender, or come to another processor.
// How. Message passing. The handler writes number and sender, then `dmb ishst`, then the count. The checker reads the
// count, then `dmb ishld`, then the rest. The handler ends with `dsb ishst`: its stores are complete before the
// checker's time is over. Each array has one element a processor, which only its own handler writes.
#pragma once

#include "smp.hpp"

namespace kernel {

extern u32 received_count[most_cpus];
extern u32 received_number[most_cpus];
extern int received_sender[most_cpus];
extern u32 spurious_count[most_cpus];

/// Targets of handle_irq. The second is for interrupts that a processor sends to itself: it needs no barriers.
void take_ipi() noexcept;
void take_self_ipi() noexcept;

void reset_statistics() noexcept;

/// Until each of `mask` (bit n: processor n) has got one, at most 5 s; and 100 ms more, for those that should not come.
void wait_for_interrupts(u32 mask) noexcept;

/// Whether each of `mask`, and no other, got exactly one of this number from this sender (-1: it has none).
[[nodiscard]] bool check_received(u32 mask, int sender, u32 number) noexcept;
void check_spurious() noexcept;

} // namespace kernel
