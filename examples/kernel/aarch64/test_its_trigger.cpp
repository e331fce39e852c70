// SPDX-License-Identifier: BSL-1.0
//
// test_its_trigger: device events become LPIs of processors.
//
// What. The command INT for two devices; for an LPI that is disabled, and enabled again; for a device that is not
// mapped.
// Why. An LPI that was raised while it was disabled is pending, and must come when it is enabled. It may come as soon
// as the redistributor looks at its configuration, INVALL or not: so no test checks that it waits for INVALL.
// How. The handler and the checks of the other interrupts (received.hpp), on all processors. An LPI has no sender.
#include "gic.hpp"
#include "its.hpp"
#include "lpi.hpp"
#include "received.hpp"
#include "test_gic.hpp"

namespace kernel {

namespace {

constexpr u32 first_lpi = 8195;
constexpr u32 second_lpi = 8196;

/// Waits, and checks that an LPI of this number came to this processor alone.
[[nodiscard]] bool received(u32 cpu, u32 lpi) noexcept {
    wait_for_interrupts(1U << cpu);
    const bool right = check_received(1U << cpu, -1, lpi);
    check_spurious();
    return right;
}
[[nodiscard]] bool received_none() noexcept {
    wait_for_interrupts(0);
    const bool right = check_received(0, -1, 0);
    check_spurious();
    return right;
}

struct setup {
    gic::its::device dev2;
    gic::its::device dev7;
    gic::its::collection col3;
    gic::its::collection col2;
};

[[nodiscard]] setup begin() noexcept {
    gic::its::begin();
    gic::lpi::configure(first_lpi, gic::lpi::state::enabled);
    gic::lpi::configure(second_lpi, gic::lpi::state::enabled);
    const setup all{.dev2 = gic::its::make_device(2, 8),
                    .dev7 = gic::its::make_device(7, 8),
                    .col3 = {.id = 3, .cpu = 3},
                    .col2 = {.id = 2, .cpu = 2}};
    gic::its::map(all.dev2, true);
    gic::its::map(all.dev7, true);
    gic::its::map(all.col3, true);
    gic::its::map(all.col2, true);
    gic::its::invalidate_all(all.col2);
    gic::its::invalidate_all(all.col3);
    gic::its::map(all.dev2, 20, first_lpi, all.col3);
    gic::its::map(all.dev7, 255, second_lpi, all.col2);
    return all;
}

void check_int(const setup& all) noexcept {
    const report_prefix prefix{"int"};
    reset_statistics();
    gic::its::queue_int(all.dev2, 20, all.col3);
    report(received(3, first_lpi), "dev=2, eventid=20  -> lpi= 8195, col=3");
    reset_statistics();
    gic::its::queue_int(all.dev7, 255, all.col2);
    report(received(2, second_lpi), "dev=7, eventid=255 -> lpi= 8196, col=2");
}

void check_invalidation(const setup& all) noexcept {
    const report_prefix prefix{"inv/invall"};
    gic::lpi::configure(first_lpi, gic::lpi::state::disabled);
    gic::its::invalidate(all.dev2, 20, all.col3);
    reset_statistics();
    gic::its::queue_int(all.dev2, 20, all.col3);
    report(received_none(), "dev2/eventid=20 does not trigger any LPI");
    // It is pending now. It must have been taken before the next INT, or the two would be one.
    reset_statistics();
    gic::lpi::configure(first_lpi, gic::lpi::state::enabled);
    gic::its::invalidate_all(all.col3);
#ifndef KERNEL_MUTATION_PENDING_LPI
    report(received(3, first_lpi), "dev2/eventid=20 pending LPI is received");
    reset_statistics();
#endif
    gic::its::queue_int(all.dev2, 20, all.col3);
    report(received(3, first_lpi), "dev2/eventid=20 now triggers an LPI");
}

void check_unmapping(const setup& all) noexcept {
    const report_prefix prefix{"mapd valid=false"};
    gic::its::map(all.dev2, false);
    reset_statistics();
    gic::its::queue_wrong_int(all.dev2, 20);
    report(received_none(), "no LPI after device unmap");
}

} // namespace

void test_its_trigger() noexcept {
    const interrupt_test test{"its-trigger"};
    if (!gic::its::found() || !gic::lpi::possible()) {
        skip("No ITS, skip ...");
        return;
    }
    if (cpus_running() < 4) {
        skip("Test requires at least 4 vcpus");
        return;
    }
    const handled_by handler{&take_ipi};
    const setup all = begin();
    check_int(all);
    check_invalidation(all);
    check_unmapping(all);
}

} // namespace kernel
