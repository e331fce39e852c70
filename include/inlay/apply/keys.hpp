// SPDX-License-Identifier: BSL-1.0
//
// keys: the passes of apply() over two tables: names, and key sites.
//
//     detail::check_name(run, index);
//     detail::patch_key(run, record);
//
// How it works. The names come first: the pass checks and registers each, and one name must not have two types. A key
// site becomes a nop or a jump by the value in the key's cell, unless text cannot be changed later. No table has the
// site's first jump target, so this write cannot be taken back. But the nop or jump is right as long as the value does
// not change.
#pragma once

#include "inlay/apply/names.hpp"
#include "inlay/apply/run.hpp"
#include "inlay/apply/text_platform.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/decide.hpp"
#include "inlay/error.hpp"
#include "inlay/registry.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

/// Checks a name and registers it.
template <class Run>
void check_name(Run& run, const table::named& named) noexcept {
    check_named(run.from, named);
    if (run.tables.registry == nullptr) {
        run.from.fail(error::reference_outside, reinterpret_cast<address>(&named));
    }
    if (!run.good()) {
        return;
    }
    register_name(run.tables.registry->root, named);
    for_each_namesake<&table::cell_state::below>(run.tables.registry->root, named,
                                                 [&](const table::named& other) noexcept {
                                                     if (!same_type(named, other)) {
                                                         run.done.fail(named, other, run.where);
                                                         run.from.fail(error::name_clash);
                                                     }
                                                 });
}

template <class Run>
void patch_key(Run& run, table::key_record& record) noexcept {
    const address site = record.site.target();
    if (says_gone(run.platform, site)) {
        return;
    }
    const table::named& named = named_of(run.from, run.tables, record.key);
    if (named.trampoline) {
        run.from.fail(error::reference_outside, reinterpret_cast<address>(&named));
    }
    const auto at = reinterpret_cast<address>(&record);
    if (!run.platform.writable(at, sizeof(record))) {
        run.from.fail(error::reference_outside, at);
    }
    if (!run.good()) {
        return;
    }
    patch bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): decide() fills the used part
    decide(run.from, record, cell_of(named).value, bytes);
    if (run.pass == pass_kind::take_back) {
        run.stays_patched = run.stays_patched || text_holds(site, bytes.bytes, bytes.length);
    }
    if (run.pass == pass_kind::write && run.good() && run.may_change) {
        uint32_t written = 0; // outcome::written is of alternatives
        run.done.keys_direct += 1;
        run.write(site, bytes.bytes, bytes.length, written);
    }
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
