// SPDX-License-Identifier: BSL-1.0
//
// apply: the patcher. Reads the tables of an image, decides every site, then writes text.
//
//     inlay::platform::bare<inlay::arch::emit::synchronise> kernel{text, image}; // a program: platform::process
//     auto done = inlay::apply(inlay::this_image(), kernel);
//     if (!done) { puts(inlay::message(done.error())); ... done.record() ... }
//
// How it works. A first pass probes features, decides, and checks every site; it changes no text. Only if no record is
// bad, a second pass writes. If the platform then refuses, a third pass puts the originals back (apply/passes.hpp).
//
// Nothing is allocated. Sites whose bytes are right are not written, so that apply() may be called again, e.g. after
// set() changed a feature. The first pass registers the names of keys and static calls. At the end the records of calls
// and keys are sorted, so that a change finds one name's records (apply/index.hpp).
//
// Not thread-safe: call it while no other thread runs through a site (Linux: before the other processors
// start). On x86, see Intel SDM volume 3, 9.1.3 "Handling Self- and Cross-Modifying Code".
#pragma once

#include "inlay/apply/passes.hpp"
#include "inlay/apply/run.hpp"
#include "inlay/apply/text_platform.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/error.hpp"
#include "inlay/image.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

inline namespace INLAY_TARGET {

/// Patches every site of `tables`. All or nothing: on an error no text has changed.
template <text_platform Platform>
[[gnu::visibility("hidden")]] outcome apply(const table::tables& tables, Platform& platform) noexcept {
    outcome done;
    detail::patch_all(tables, platform, done);
    done.sites = static_cast<uint32_t>(tables.alternatives.size());
    done.calls = static_cast<uint32_t>(tables.calls.size());
    done.keys = static_cast<uint32_t>(tables.keys.size());
    return done;
}

/// Patches only alternatives, including paravirt calls. It is for a kernel without dispatches, keys and static calls,
/// and leaves out their code, which is most of the patcher.
///
///     auto done = inlay::apply_alternatives(inlay::this_image().alternatives, kernel);
template <text_platform Platform>
[[gnu::visibility("hidden")]] outcome
apply_alternatives(const table::section<const table::alternative_record>& alternatives, Platform& platform) noexcept {
    outcome done;
    detail::patch_all(detail::only_alternatives{alternatives}, platform, done);
    done.sites = static_cast<uint32_t>(alternatives.size());
    return done;
}

} // namespace INLAY_TARGET

} // namespace inlay
