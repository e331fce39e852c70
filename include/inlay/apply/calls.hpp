// SPDX-License-Identifier: BSL-1.0
//
// calls: apply()'s pass over the table of calls, which has dispatches and static calls.
//
//     detail::patch_call(run, record, end);
//
// How it works. The check looks for the call instruction and notes its place in the record (decide/call.hpp). The
// writing pass makes it a direct call of its target. If the target is out of reach, or text cannot be changed later,
// the call goes through its trampoline. It also sets the pointer that the trampoline of a dispatch jumps through.
#pragma once

#include "inlay/apply/probe.hpp"
#include "inlay/apply/run.hpp"
#include "inlay/apply/text_platform.hpp"
#include "inlay/arch/arch.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/decide.hpp"
#include "inlay/decide/call.hpp"
#include "inlay/error.hpp"
#include "inlay/registry.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

/// Looks for a call before anything is written, and notes in the record where it is. A call that an earlier apply()
/// found must be found again.
template <class Run>
void look_for_call(Run& run, table::call_record* record, const table::call_record* end, address trampoline) noexcept {
    const address site = record->site.target();
    const address noted = record->callee.target() & spare_bits;
    arch::found_branch branch; // NOLINT(cppcoreguidelines-pro-type-member-init): find_call() fills it
    address breakpoint = 0;
    const bool found = find_call(run.platform, record, end, trampoline, branch, &breakpoint);
    if (!found && (breakpoint != 0 || noted == table::call_found)) {
        run.from.fail(error::site_changed, breakpoint != 0 ? breakpoint : site);
    } else if (noted == 0) {
        record->site.distance += found ? static_cast<int32_t>(branch.start - site) : 0;
        record->callee.distance += static_cast<int32_t>(found ? table::call_found : table::call_missed);
    }
}

/// Chooses a dispatch's function, and returns where its pointer is. Checks the dispatch.
template <class Run>
[[nodiscard]] address choose_function(Run& run, const table::callee& callee) noexcept {
    decision chosen; // NOLINT(cppcoreguidelines-pro-type-member-init): choose() fills it
    choose(run.from, run.from.template follow<table::choice>(callee.choices), false, machine_features<Run>{run},
           chosen);
    const auto require = [&](bool good, address at) noexcept {
        if (!good) {
            run.from.fail(error::reference_outside, at);
        }
    };
    require(run.platform.writable(callee.target.target(), sizeof(address)), callee.target.target());
    require(run.platform.executable(callee.trampoline.target(), 1), callee.trampoline.target());
    return place_of_target(run.from, callee, chosen.ordinal);
}

template <class Run>
void patch_call(Run& run, table::call_record* record, const table::call_record* end) noexcept {
    const address site = record->site.target();
    if (says_gone(run.platform, site)) {
        return;
    }
    if (!run.platform.executable(site, 1)) {
        run.from.fail(error::site_outside_text, site);
    }
    const call_subject subject = callee_in(run.from, run.tables, *record);
    const address function = subject.callee != nullptr ? choose_function(run, *subject.callee) : 0;
    if (!run.good()) {
        return;
    }
    if (run.pass == pass_kind::check) {
        look_for_call(run, record, end, subject.trampoline);
        return;
    }
    address to = subject.trampoline;
    auto mode = table::call_mode::function;
    bool direct = run.pass == pass_kind::write;
    if (subject.callee != nullptr) {
        const address chosen = *reinterpret_cast<const address*>(function);
        *reinterpret_cast<volatile address*>(subject.callee->target.target()) = chosen;
        to = direct ? chosen : to;
    } else if (direct = direct && run.may_change; direct) {
        to = cell_of(*subject.named).value;
        mode = cell_of(*subject.named).state.mode;
    }
    arch::found_branch branch; // NOLINT(cppcoreguidelines-pro-type-member-init): find_noted_call() fills it
    if ((record->callee.target() & table::call_found) == 0 || !find_noted_call(run.platform, *record, branch)) {
        return;
    }
    uint8_t bytes[arch::longest_branch]; // NOLINT(*-avoid-c-arrays, *-member-init): place_call() fills it
    direct = place_call(branch, subject.trampoline, to, mode, bytes) && direct;
    run.done.calls_found += run.pass == pass_kind::write ? 1 : 0;
    run.done.calls_direct += direct ? 1 : 0;
    uint32_t written = 0; // outcome::written is of alternatives
    run.write(branch.start, bytes, length_of(branch), written);
    run.stays_patched =
        run.stays_patched || (run.pass == pass_kind::take_back && !text_holds(branch.start, bytes, length_of(branch)));
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
