// SPDX-License-Identifier: BSL-1.0
//
// patch: the kernel patches itself, once, and says what came of it.
//
// What. Features from what was found, one call of apply(), a report by kind of site.
// How. The report looks at text: what stands in memory is what counts, not what should.
#include "boot.hpp"
#include "cpu.hpp"
#include "features.hpp"
#include "harness.hpp"
#include "patches.hpp"
#include "print.hpp"
#include "text_window.hpp"

#include <inlay/inlay.hpp>

namespace kernel {

namespace {

constinit u64 time_taken = 0;
constinit inlay::outcome done{};
constinit gic_version found_gic = gic_version::none;

} // namespace

gic_version which_gic() noexcept { return found_gic; }

void set_features() noexcept {
    const device_tree& all = tree();
    if (all.find_compatible("arm,gic-v3")) {
        found_gic = gic_version::v3;
    } else if (all.find_compatible("arm,cortex-a15-gic") || all.find_compatible("arm,gic-400")) {
        found_gic = gic_version::v2;
    }
    inlay::set(gicv2, found_gic == gic_version::v2);
    inlay::set(gicv3, found_gic == gic_version::v3);
    inlay::set(its, static_cast<bool>(all.find_compatible("arm,gic-v3-its")));
}

void patch_everything() noexcept {
    const u64 begin = nanoseconds();
    {
        text_window window;
        done = inlay::apply(inlay::this_image(), window);
    }
    time_taken = nanoseconds() - begin;
    if (!done) {
        print("inlay: ", inlay::message(done.error()), " (site ", hex{done.record().site}, ")\n");
        leave(status::crash);
    }
}

void print_patches() noexcept {
    const alternative_counts alternatives =
        count_alternatives(inlay::this_image(), [](const u8*, unsigned) noexcept {});
    print_features(text_window{});
    print("patch: ", done.sites, " sites, ", done.written, " written: ", alternatives.all, " alternatives, ",
          alternatives.exchanged, " exchanged; ", done.calls, " static calls, ", done.calls_direct, " direct\n");
    print("patch: in ", time_taken / 1000, " us\n");
}

} // namespace kernel
