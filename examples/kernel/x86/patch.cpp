// SPDX-License-Identifier: BSL-1.0
//
// patch: the kernel patches itself, once, and reports the result.
//
// What. Synthetic features by the machine that was found, one call of apply(), a report by kind of site. With the word
// "proven" on the command line, apply_proven() patches, if the image was sealed after the link.
// Why. Items 8 and 15 of the series: features first, and one patcher for everything.
// How. The report looks at text: the bytes in memory count, not those that should be there.
#include "boot.hpp"
#include "clock.hpp"
#include "command_line.hpp"
#include "harness.hpp"
#include "hypervisor.hpp"
#include "patches.hpp"
#include "print.hpp"
#include "text_window.hpp"
#include "trap.hpp"

#include <inlay/pv/linux.hpp>

extern "C" {
[[gnu::visibility("hidden")]] extern const inlay::table::predicate_node entry_is_xenpv, entry_has_smap;
}

namespace kernel {

namespace {

constexpr size_t room = 32'768; // for the seal: `inlay check --seal` says how much it takes

constinit u64 time_taken = 0;
constinit u64 interrupts_taken = 0;
constinit inlay::outcome done{};
constinit bool early = false; // an exception came and went while nothing was patched

struct operation_counts {
    u32 all, inlined, direct, gone, slow;
};

/// Paravirt operations by the form that stands at their sites now.
[[nodiscard]] alternative_counts count(operation_counts& operations) noexcept {
    using inlay::standing;
    return count_alternatives(text_window{}, [&](standing form) noexcept {
        operations.all += 1;
        operations.inlined += form == standing::when ? 1U : 0U;
        operations.direct += form == standing::direct ? 1U : 0U;
        operations.gone += form == standing::nothing ? 1U : 0U;
        operations.slow += form == standing::indirect ? 1U : 0U;
    });
}

} // namespace

void set_features(bool xen) noexcept {
    namespace pv = inlay::x86::pv;
    inlay::set(inlay::cpu.xenpv, xen);
    // As paravirt_set_cap() in the series: a feature for an operation that is not native any more.
    inlay::set(inlay::cpu.pvunlock, !pv::lock.queued_spin_unlock.is_native());
    inlay::set(inlay::cpu.vcpupreempt, !pv::lock.vcpu_is_preempted.is_native());
}

void patch_everything() noexcept {
    inlay::name_for_assembly<&entry_is_xenpv, inlay::cpu.xenpv>();
    inlay::name_for_assembly<&entry_has_smap, inlay::cpu.smap && !inlay::cpu.xenpv>();
    early = static_cast<bool>(provoke(vector::breakpoint, [] { raise_breakpoint(); }));
    const u64 begin = sched_clock();
    const u64 storm = storm_so_far();
    {
        text_window window;
        done = asked_for("proven") ? inlay::apply_proven<room>(window) : inlay::apply(inlay::this_image(), window);
    }
    time_taken = sched_clock() - begin;
    interrupts_taken = storm_so_far() - storm;
    if (!done) {
        print("inlay: ", inlay::message(done.error()), " (site ", hex{done.record().site}, ")\n");
        leave(status::crash);
    }
}

bool trapped_before_patching() noexcept { return early; }

void print_patches() noexcept {
    operation_counts operations{};
    const alternative_counts alternatives = count(operations);
    print_features(text_window{});
    print("patched: ", alternatives.all, " alternatives, ", alternatives.exchanged, " exchanged\n");
    print("patched: ", operations.all, " paravirt calls: ", operations.inlined, " inlined, ", operations.direct,
          " direct, ", operations.gone, " gone, ", operations.slow, " indirect\n");
    print("patched: ", done.calls, " static calls, ", done.calls_direct, " direct\n");
    print("patched: in ", time_taken / 1000, " us, amid ", interrupts_taken, " interrupts\n");
}

} // namespace kernel
