// SPDX-License-Identifier: BSL-1.0
//
// text_poke: a kernel changes text that its other processors run. Freestanding.
//
//     struct hooks {
//         static bool write(inlay::uintptr_t at, const inlay::uint8_t* bytes, inlay::size_t size) noexcept; // by an alias
//         static void synchronise() noexcept;      // every processor forgets fetched text, then it returns
//         static bool stop(void (*work)(void*) noexcept, void* data) noexcept; // AArch64 alone; optional
//     };
//     constinit inlay::text_poke<hooks> live{{text, text_end}, {image, image_end}};
//
//     inlay::set(trace, true, live);                           // keys, switches, static calls, dispatches
//     if (live.handle_breakpoint(frame)) { return; }           // x86: first thing in the handler of #BP
//
// How it works. A change collects its sites in a batch, and finish() makes the batch. The architecture determines the
// steps. On x86, a breakpoint stands at a site in between, and its handler carries out the new instruction
// (platform/breakpoint_steps.hpp). On AArch64, one store exchanges an instruction, or the others stand still meanwhile
// (platform/store_steps.hpp). Both files derive their steps; docs/live_changes.md has pictures.
//
// The kernel must ensure four things. Changes wait for each other. `write`, `synchronise`, the handler of #BP, and
// everything that runs in them, have no sites that change. A processor that starts answers `synchronise` from a moment
// on; after this moment it executes a serialising instruction (AArch64: isb), and only then runs sites. An alias leads
// to the same memory.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/platform/bare.hpp"
#include "inlay/platform/text_change.hpp"
#include "inlay/words.hpp"

#if defined(__x86_64__) || defined(__i386__)
#include "inlay/platform/breakpoint_steps.hpp"
#elif defined(__aarch64__)
#include "inlay/platform/store_steps.hpp"
#endif

namespace inlay {
// A kernel's own types have these in them: the functions are hidden, each by itself.
inline namespace INLAY_TARGET {

/// A text_platform that changes text while other processors run it. `Hooks` has:
/// * `static bool write(uintptr_t at, const uint8_t* bytes, size_t size) noexcept` stores so that all processors see
///   it: on AArch64 by arch::store_text() and arch::emit::clean_text(). It returns false if text may not be written.
/// * `static void synchronise() noexcept` returns once each processor, this one included, has executed
///   arch::emit::synchronise() after the call.
/// * AArch64, optional: `static bool stop(void (*work)(void*) noexcept, void* data) noexcept` calls `work(data)` once,
///   while all other processors stand still. It returns true once each of them has executed isb. It returns false, and
///   has not called `work`, if they cannot be stopped. (Linux: stop_machine().) A context that it cannot hold off,
///   such as SError, has no call that returns zero. Without this hook the change of such a call is refused
///   (error::others_run).
///
/// Up to `Capacity` sites are one batch; more sites take several batches. With this platform, apply() refuses sites of
/// several instructions (error::others_run). So at boot, give apply() a platform::bare. Use one object for all
/// processors, and make one change at a time.
#if !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmultiple-inheritance" // both are private
#endif
template <class Hooks, unsigned Capacity = 128>
class text_poke : platform::bare<&Hooks::synchronise>, platform::text_steps<Hooks> {
    using at_boot = platform::bare<&Hooks::synchronise>;
    using steps = platform::text_steps<Hooks>;

public:
    // These functions and members are as in platform::bare.
    using at_boot::executable;
    using at_boot::freed;
    using at_boot::gone;
    using at_boot::image;
    using at_boot::readable;
    using at_boot::text;
    using at_boot::writable;

    [[gnu::visibility("hidden")]] constexpr text_poke(platform::range all_text, platform::range all) noexcept
        : at_boot{.text = all_text, .image = all} {}

    /// Whether the site is one instruction, and this way of changing it exists.
    [[nodiscard, gnu::visibility("hidden")]] bool exchanges(uintptr_t at, const uint8_t* bytes,
                                                            size_t size) const noexcept {
        return steps::may_change(at, bytes, size);
    }

    /// Adds a site to the batch, and makes the changes of a full one.
    [[gnu::visibility("hidden")]] bool write(uintptr_t at, const uint8_t* bytes, size_t size) noexcept {
        if (!exchanges(at, bytes, size) || (waiting_ == Capacity && !finish())) {
            waiting_ = 0; // the caller takes the whole change back, so no later batch may contain a part of it
            return false;
        }
        batch_[waiting_++].fill(at, bytes, size);
        return true;
    }

    /// Makes the changes of the batch. False if text may not be written: then no site has changed.
    [[gnu::visibility("hidden")]] bool finish() noexcept {
        const bool good = waiting_ == 0 || steps::make(batch_, waiting_);
        waiting_ = 0;
        return good;
    }

    /// x86, for the handler of #BP: true if the breakpoint was one of a change; then the processor goes on with
    /// `frame`. `Frame` has `ip`, which is after the breakpoint, `flags` and `ax`; they can be read and assigned. It
    /// also has `push(value)` and `pop()` for the stack that was interrupted. (push() overwrites the word below that
    /// stack pointer: an exception frame must have been copied from there.) From any processor and context, also from
    /// several at once.
    template <class Frame>
    [[nodiscard, gnu::visibility("hidden")]] bool handle_breakpoint(Frame& frame) noexcept
        requires requires(steps& how, const platform::text_change* batch) { how.answer(batch, frame); }
    {
        return text.contains(frame.ip - 1, 1) && steps::answer(batch_, frame);
    }

private:
    platform::text_change batch_[Capacity]{}; // NOLINT(*-avoid-c-arrays): freestanding
    unsigned waiting_{};                      ///< the number of changes in the batch
};
#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

} // namespace INLAY_TARGET
} // namespace inlay
