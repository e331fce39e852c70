// SPDX-License-Identifier: BSL-1.0
//
// bare: writing text where nothing stands between the patcher and memory.
//
//     inlay::platform::bare<inlay::arch::emit::synchronise> kernel{{text, text_end}, {image, image_end}};
//     auto done = inlay::apply(inlay::this_image(), kernel);
//
//     struct stopping {                                           // live changes: how the kernel stops the others
//         static bool stop() noexcept { ... }
//         static void go() noexcept { ... }
//     };
//     inlay::platform::bare<&synchronise_all, stopping> live{...};
//     inlay::update(sched_clock, &tsc_clock, live);
//
// How it works. The kernel says where its text and its image are. It has made text writable, or passes an alias:
// `alias` is added to each written address. A site is stored piece by piece, on AArch64 instruction by instruction. So
// interrupts must be off while apply() runs, since a handler could meet a half-written site.
//
// Written text is cleaned from the caches at once. After the last store, bare calls `Synchronise`: the processors that
// may run the sites have to fetch anew. arch::emit::synchronise does that for this one. A kernel's own function calls
// it, and has the other processors do so: by an interrupt, for example.
//
// `Others` is about other processors during a write. None of them runs the sites, or none exists (nobody_else). Or they
// run the sites, and can be stopped (a type with stop() and go()), or cannot (nobody_stops). If they run the sites, a
// change asks the architecture whether its instructions may be exchanged meanwhile. On AArch64, b, bl, nop, brk, svc,
// hvc and smc may. Keys, switches and calls have no others, except a call that returns zero (mov). On x86 no
// instruction may, since a site is written in pieces. For other instructions, the others stand still from the first
// write to finish(), or the change is refused before anything changes (error::others_run). (text_poke.hpp changes a
// batch of sites at once, and stops none on x86.) A processor that is stopped inside an *alternative* of several
// instructions goes on in the middle of it. So apply() is still for sites that no other one runs.
#pragma once

#include "inlay/arch/arch.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/bytes.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

namespace inlay::platform {
// Users' types have these in them, or derive from them. A visible type may not have a hidden type in it. So the
// functions are hidden, each by itself.
inline namespace INLAY_TARGET {

/// Addresses from `begin` up to, not including, `end`.
struct range {
    uintptr_t begin;
    uintptr_t end;

    [[nodiscard, gnu::noinline, gnu::visibility("hidden")]] constexpr bool contains(uintptr_t at,
                                                                                    size_t size) const noexcept {
        return at >= begin && at <= end && size <= end - at;
    }
};

/// `Others` of bare: no other processor runs the sites that are written, or none exists.
struct nobody_else {};
/// `Others` of bare: other processors run the sites, and no code can stop them.
struct nobody_stops {};

/// A text_platform for kernels. It calls `Synchronise` after the last write: a serialising instruction, or the
/// architecture's equivalent (see arch/*/machine.hpp), on each processor. `Others` may have two functions. `static bool
/// stop() noexcept` returns when no other processor runs text that may change, or false if this is not possible.
/// `static void go() noexcept` lets them run. Each goes on by a return from an exception, or after isb (x86: iret, or
/// another instruction that serialises). A bare calls stop() before each write that needs it, even if the others are
/// stopped already. It calls go() at the end, even if they are not stopped.
template <void (*Synchronise)() noexcept, class Others = nobody_else>
struct bare {
    range text{};
    range image{};
    uintptr_t alias{};  ///< distance in bytes from text to where it may be written
    bool wrong_alias{}; ///< at that distance, memory had other bytes than the text
    range freed{};      ///< the part of the text that was for initialisation, once it is gone

    [[nodiscard, gnu::visibility("hidden")]] bool readable(uintptr_t at, size_t size) const noexcept {
        return image.contains(at, size);
    }
    [[nodiscard, gnu::visibility("hidden")]] bool writable(uintptr_t at, size_t size) const noexcept {
        return image.contains(at, size) && !text.contains(at, 1);
    }
    [[nodiscard, gnu::visibility("hidden")]] bool executable(uintptr_t at, size_t size) const noexcept {
        return text.contains(at, size) && !(at < freed.end && freed.begin < at + size);
    }
    /// apply() and changes pass over sites in the freed text.
    [[nodiscard, gnu::visibility("hidden")]] bool gone(uintptr_t at) const noexcept {
        return at - freed.begin < freed.end - freed.begin;
    }

    /// Whether the `size` bytes at `at` may become `bytes` while other processors run, or those can be stopped.
    [[nodiscard, gnu::visibility("hidden")]] bool exchanges(uintptr_t at, const uint8_t* bytes,
                                                            size_t size) const noexcept
        requires(!detail::same<Others, nobody_else>)
    {
        return can_stop || arch::exchangeable(reinterpret_cast<const uint8_t*>(at), bytes, size);
    }

    /// With an alias, it compares both addresses before and after: the alias must be the memory of the text itself.
    [[gnu::visibility("hidden")]] bool write(uintptr_t at, const uint8_t* bytes, size_t size) noexcept {
        auto* const to = reinterpret_cast<uint8_t*>(at + alias);
        const auto* const fetched = reinterpret_cast<const uint8_t*>(at);
        wrong_alias = alias != 0 && !detail::equal(to, fetched, size);
        bool good = !wrong_alias && may_write(fetched, bytes, size);
        if (good) {
            arch::store_text(to, bytes, size);
            if (alias != 0) {
                arch::emit::forget_data(at, size);
                wrong_alias = !detail::equal(fetched, bytes, size);
                good = !wrong_alias;
            }
            arch::emit::clean_text(at + alias, at, size);
        }
        return good;
    }

    /// Whether the last refusal was for a wrong alias.
    [[nodiscard, gnu::visibility("hidden")]] bool ineffective() const noexcept { return wrong_alias; }

    [[gnu::visibility("hidden")]] bool finish() noexcept {
        if constexpr (can_stop) { // before Synchronise: it may wait for an answer of the others
            arch::emit::synchronise();
            Others::go();
        }
        Synchronise();
        return true;
    }

private:
    static constexpr bool can_stop = requires {
        { Others::stop() } noexcept -> detail::same_as<bool>;
        { Others::go() } noexcept;
    };
    static constexpr bool alone = detail::same<Others, nobody_else>;
    static_assert(
        can_stop || alone || detail::same<Others, nobody_stops>,
        "inlay: the second argument of platform::bare is nobody_else, nobody_stops, or a type with static bool "
        "stop() noexcept and static void go() noexcept");

    [[nodiscard, gnu::visibility("hidden")]] static bool may_write([[maybe_unused]] const uint8_t* from,
                                                                   [[maybe_unused]] const uint8_t* to,
                                                                   [[maybe_unused]] size_t size) noexcept {
        if constexpr (can_stop) {
            return arch::exchangeable(from, to, size) || Others::stop();
        } else {
            return alone || arch::exchangeable(from, to, size);
        }
    }
};

} // namespace INLAY_TARGET

} // namespace inlay::platform
