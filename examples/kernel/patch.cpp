// SPDX-License-Identifier: BSL-1.0
//
// patch: the kernel patches itself, once, and says what came of it.
//
// What. Synthetic features from what was found, one call of apply(), a report by kind of site.
// Why. Items 8 and 15 of the series: features first, and one patcher for everything.
// How. The report looks at text: what stands in memory is what counts, not what should.
#include "boot.hpp"
#include "clock.hpp"
#include "console.hpp"
#include "harness.hpp"
#include "hypervisor.hpp"
#include "text_window.hpp"
#include "trap.hpp"

#include <inlay/arch/x86/pv.hpp>
#include <inlay/override.hpp>

extern "C" {
[[gnu::visibility("hidden")]] extern const inlay::table::predicate_node entry_is_xenpv, entry_has_smap;
}

namespace kernel {

namespace {

constinit u64 time_taken = 0;
constinit u64 interrupts_taken = 0;
constinit inlay::outcome done{};
constinit bool early = false; // an exception came and went while nothing was patched

struct by_kind {
    u32 alternatives, taken;                     // and how many have another form than their original
    u32 operations, inlined, direct, gone, slow; // of paravirt operations
};

[[nodiscard]] by_kind count() noexcept {
    using namespace inlay;
    by_kind all{};
    const table::tables tables = this_image();
    for (std::size_t i = 0; i < tables.alternatives.size(); ++i) {
        const auto& record = tables.alternatives.records[i];
        const auto* each = reinterpret_cast<const table::choice*>(record.choices.target());
        const unsigned length = each->length;
        while (each->otherwise) {
            each = reinterpret_cast<const table::choice*>(each->otherwise.target());
        }
        const auto& original = *reinterpret_cast<const table::form*>(each->form.target());
        const auto* const now = reinterpret_cast<const u8*>(record.site.target());
        if (original.kind != table::form_kind::indirect_call) {
            patch bytes{};
            const bool good = place(original, record.site.target(), length, bytes) == error::no_error;
            bool same = good;
            for (unsigned at = 0; at < length; ++at) {
                same = same && now[at] == bytes.bytes[at];
            }
            all.alternatives += 1;
            all.taken += same ? 0U : 1U;
            continue;
        }
        std::uint8_t nothing[max_code_length];
        arch::fill_nops(nothing, length);
        bool nops = true;
        for (unsigned at = 0; at < length; ++at) {
            nops = nops && now[at] == nothing[at];
        }
        all.operations += 1;
        all.slow += now[0] == 0xff && now[1] == 0x15 ? 1U : 0U;
        all.direct += now[0] == 0xe8 ? 1U : 0U;
        all.gone += nops ? 1U : 0U;
    }
    all.inlined = all.operations - all.slow - all.direct - all.gone;
    return all;
}

/// What sites ask for, in one line; each once.
void print_features() noexcept {
    const inlay::table::feature_record* seen[64]{};
    unsigned count = 0;
    print("features:");
    inlay::for_each_used_feature(inlay::this_image(), text_window{}, [&](const auto& feature) noexcept {
        for (unsigned i = 0; i < count; ++i) {
            if (seen[i]->cell.target() == feature.cell.target()) {
                return;
            }
        }
        if (count == sizeof(seen) / sizeof(seen[0])) {
            return;
        }
        seen[count++] = &feature;
        const auto& cell = *reinterpret_cast<const inlay::table::feature_cell*>(feature.cell.target());
        print(cell.value != 0 ? " +" : " -", reinterpret_cast<const char*>(feature.name.target()));
    });
    print("\n");
}

} // namespace

void set_features(bool xen) noexcept {
    namespace pv = inlay::x86::pv;
    inlay::set(inlay::cpu.xenpv, xen);
    // As paravirt_set_cap() in the series: a feature for what is not native any more.
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
        done = inlay::apply(inlay::this_image(), window);
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
    const by_kind all = count();
    print_features();
    print("patched: ", all.alternatives, " alternatives, ", all.taken, " exchanged\n");
    print("patched: ", all.operations, " paravirt calls: ", all.inlined, " inlined, ", all.direct, " direct, ",
          all.gone, " gone, ", all.slow, " indirect\n");
    print("patched: ", done.calls, " static calls, ", done.calls_direct, " direct\n");
    print("patched: in ", time_taken / 1000, " us, amid ", interrupts_taken, " interrupts\n");
}

} // namespace kernel
