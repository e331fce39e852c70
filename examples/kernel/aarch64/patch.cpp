// SPDX-License-Identifier: BSL-1.0
//
// patch: the kernel patches itself, once, and reports the result.
//
// What. One call of apply(), a report by kind of site. With the word "proven" on the command line, apply_proven() patches,
// if the image was sealed after the link.
// How. The report looks at text: the bytes in memory count, not those that should be there.
#include "boot.hpp"
#include "command_line.hpp"
#include "cpu.hpp"
#include "harness.hpp"
#include "patches.hpp"
#include "print.hpp"
#include "text_window.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

namespace {

constexpr size_t room = 16'384; // for the seal: `inlay check --seal` says how much it takes

constinit u64 time_taken = 0;
constinit inlay::outcome done{};

} // namespace

void patch_everything() noexcept {
    const u64 begin = nanoseconds();
    {
        text_window window;
        done = asked_for("proven") ? inlay::apply_proven<room>(window) : inlay::apply(inlay::this_image(), window);
    }
    time_taken = nanoseconds() - begin;
    if (!done) {
        print("inlay: ", inlay::message(done.error()), " (site ", hex{done.record().site}, ")\n");
        leave(status::crash);
    }
}

void print_patches() noexcept {
    const alternative_counts alternatives = count_alternatives(text_window{}, [](inlay::standing) noexcept {});
    print_features(text_window{});
    print("patch: ", done.sites, " sites, ", done.written, " written: ", alternatives.all, " alternatives, ",
          alternatives.exchanged, " exchanged; ", done.calls, " static calls, ", done.calls_direct, " direct\n");
    print("patch: in ", time_taken / 1000, " us\n");
}

} // namespace kernel
