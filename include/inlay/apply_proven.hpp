// SPDX-License-Identifier: BSL-1.0
//
// apply_proven: apply() for an image whose tables were proven after the link.
//
//     inlay::platform::bare<inlay::arch::emit::synchronise> kernel{text, image};
//     auto done = inlay::apply_proven<16'384>(inlay::this_image(), kernel);   // room for the proof, in bytes
//     if (!done) { puts(inlay::message(done.error())); ... }
//
// and, after the link:
//
//     inlay check --seal kernel.elf
//
// How it works. Most code of apply() checks tables that do not change between the link and the boot. The tool makes
// these checks, decides each form, and writes its results into room that this header leaves in the image (seal.hpp). A
// boot compares sums, probes the features, looks at the text of each site, and copies bytes (apply/proven.hpp). So the
// patcher is a ninth of apply(), and the same bytes come out.
//
// An image without a seal is refused. So is an image that was changed or moved after it was sealed. Then nothing
// changes, and each site works as it was linked. Changes (poke.hpp) work after apply_proven() as after apply().
//
// Not thread-safe: as apply(), call it while no other thread runs through a site.
#pragma once

#include "inlay/apply/proven.hpp"
#include "inlay/apply/run.hpp"
#include "inlay/apply/text_platform.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/emit/emit.hpp"
#include "inlay/image.hpp"
#include "inlay/outcome.hpp"
#include "inlay/seal.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {

/// The room for the seal of this image; the assembler defines it. (An array of unknown size: the data after the `seal`
/// belong to it.)
// NOLINTNEXTLINE(*-avoid-c-arrays)
[[gnu::visibility("hidden")]] extern unsigned char own_room[];

inline namespace INLAY_TARGET {

[[nodiscard, gnu::always_inline]] inline table::seal& own_seal() noexcept {
    return *reinterpret_cast<table::seal*>(reinterpret_cast<address>(own_room));
}

/// The number of sites between two such references.
[[nodiscard]] inline uint32_t sites_between(const table::reference& begin, const table::reference& end) noexcept {
    return static_cast<uint32_t>((end.target() - begin.target()) / sizeof(table::seal_site));
}

} // namespace INLAY_TARGET

} // namespace detail

inline namespace INLAY_TARGET {

/// Patches every site of this image, once. `Room` is the number of bytes that the image has for the seal; the tool says
/// how many it needs. Use one number in an image. All or nothing: on an error no text has changed. Errors:
/// error::not_sealed, error::seal_broken, error::site_changed, and those of the platform.
template <size_t Room, text_platform Platform>
[[gnu::always_inline, gnu::visibility("hidden")]] inline outcome apply_proven(Platform& platform) noexcept {
    emit::seal<&detail::own_room, Room>();
    table::seal& seal = detail::own_seal();
    outcome done;
    detail::patch_proven<detail::proven_part::all>(seal, Room, &detail::own().registry, platform, done);
    done.sites = detail::sites_between(seal.alternatives, seal.end);
    done.calls = detail::sites_between(seal.calls, seal.keys);
    done.keys = detail::sites_between(seal.keys, seal.alternatives);
    return done;
}

/// Patches only alternatives, including paravirt calls: see apply_alternatives().
template <size_t Room, text_platform Platform>
[[gnu::always_inline, gnu::visibility("hidden")]] inline outcome
apply_proven_alternatives(Platform& platform) noexcept {
    emit::seal<&detail::own_room, Room>();
    table::seal& seal = detail::own_seal();
    outcome done;
    detail::patch_proven<detail::proven_part::alternatives>(seal, Room, nullptr, platform, done);
    done.sites = detail::sites_between(seal.alternatives, seal.end);
    return done;
}

} // namespace INLAY_TARGET

} // namespace inlay
