// SPDX-License-Identifier: BSL-1.0
//
// text_poke: a kernel changes text that its other processors run. x86; freestanding.
//
//     struct hooks {
//         static bool write(inlay::uintptr_t at, const inlay::uint8_t* bytes, inlay::size_t size) noexcept; // by an alias
//         static void synchronise() noexcept;      // every processor executes a serialising instruction, then it returns
//     };
//     constinit inlay::text_poke<hooks> live{{text, text_end}, {image, image_end}};
//
//     inlay::set(trace, true, live);                           // keys, switches, static calls, dispatches
//     if (live.handle_breakpoint(frame)) { return; }           // first thing in the handler of #BP
//
// How it works. A processor fetches the bytes of an instruction when it likes, and keeps them. If another one stores
// five new bytes over five old ones, it may run some of each. So a change takes three steps, each for a whole batch of
// sites, and each followed by one synchronisation of all processors:
//
//     text                     a processor that comes to the site
//     e9 d0 d1 d2 d3           runs the old instruction
//  1. cc d0 d1 d2 d3           traps, and the handler carries out the new instruction for it
//  2. cc 1f 44 00 00           the same: the first byte alone decides, and the rest may be in any state
//  3. 0f 1f 44 00 00           runs the new instruction
//
// One byte is stored at once, so step 1 shows the old instruction or the breakpoint, and step 3 the breakpoint or the new
// instruction. After the synchronisation of step 1 no processor has fetched the old first byte without the breakpoint,
// so the tail can be written. After that of step 2 no processor has an old tail, so the first byte can be. After that of
// step 3 none is about to trap, so the batch is over.
//
// handle_breakpoint() looks for the address in the batch. If it is there, it carries out the new instruction
// (arch/x86/emulate.hpp). If not, and memory has no breakpoint at that place any more, the processor runs the place again: it
// trapped just before a batch was over. Else the breakpoint is somebody else's.
//
// Any context may meet the breakpoint, also an interrupt, an NMI, a machine check, or the handler of a breakpoint: the
// handler reads the batch, takes no lock, and writes one counter. The batch is not used again before all handlers have
// left it. What a kernel must see to: the handler itself, and what runs in it, has no sites that change; a processor that
// starts executes a serialising instruction after it began to answer `synchronise`; changes wait for each other.
//
// Compare smp_text_poke_batch() and smp_text_poke_int3_handler() in Linux's arch/x86/kernel/alternative.c; Intel SDM
// volume 3, 9.1.3 "Handling Self- and Cross-Modifying Code".
#pragma once

#include "inlay/arch/emulate.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/bytes.hpp"
#include "inlay/platform/bare.hpp"
#include "inlay/words.hpp"

#if defined(__x86_64__) || defined(__i386__)
namespace inlay {
// A kernel's own types have these in them: the functions are hidden, each by itself.
inline namespace INLAY_TARGET {

/// A text_platform that changes text while other processors run it. `Hooks` has `static bool write(uintptr_t at, const
/// uint8_t* bytes, size_t size) noexcept`, which stores so that all processors see it and returns false if text may not
/// be written, and `static void synchronise() noexcept`. Up to `Capacity` sites are one batch; more of them take several.
/// apply() refuses sites of several instructions with error::others_run: at boot it takes a platform::bare.
/// One object for all processors, which handlers of breakpoints may read at any time. Changes by it one at a time.
template <class Hooks, unsigned Capacity = 128>
class text_poke : platform::bare<&Hooks::synchronise> {
    using at_boot = platform::bare<&Hooks::synchronise>;

public:
    // Where text and image are, and `freed`, is asked and said as of a platform::bare.
    using at_boot::executable;
    using at_boot::freed;
    using at_boot::gone;
    using at_boot::image;
    using at_boot::readable;
    using at_boot::text;
    using at_boot::writable;

    [[gnu::visibility("hidden")]] constexpr text_poke(platform::range all_text, platform::range all) noexcept
        : at_boot{.text = all_text, .image = all} {}

    /// Whether the site holds one instruction, and gets one that a handler can carry out.
    [[nodiscard, gnu::visibility("hidden")]] bool exchanges(uintptr_t at, const uint8_t* bytes,
                                                            size_t size) const noexcept {
        return size <= sizeof(change::bytes) && arch::may_emulate(bytes, size) &&
               arch::may_emulate(reinterpret_cast<const uint8_t*>(at), size);
    }

    /// Adds a site to the batch, and makes the changes of a full one.
    [[gnu::visibility("hidden")]] bool write(uintptr_t at, const uint8_t* bytes, size_t size) noexcept {
        if (!exchanges(at, bytes, size) || (waiting_ == Capacity && !finish())) {
            waiting_ = 0; // the caller takes everything back, so nothing of it may be made later
            return false;
        }
        change& next = batch_[waiting_++];
        next.at = at;
        next.size = static_cast<uint8_t>(size);
        detail::copy(next.bytes, bytes, size);
        detail::copy(next.old, reinterpret_cast<const uint8_t*>(at), size);
        return true;
    }

    /// Makes the changes of the batch. False if text may not be written: then no site has changed.
    [[gnu::visibility("hidden")]] bool finish() noexcept {
        if (waiting_ == 0) {
            return true;
        }
        __atomic_store_n(&shown_, waiting_, __ATOMIC_SEQ_CST);
        const unsigned trapping = write_all(waiting_, part::breakpoint);
        bool good = trapping == waiting_;
        Hooks::synchronise();
        if (good) {
            const unsigned tails = write_all(waiting_, part::new_tail);
            good = tails == waiting_;
            if (!good) {
                (void)write_all(tails, part::old_tail);
            }
            Hooks::synchronise();
        }
        (void)write_all(trapping, good ? part::new_first : part::old_first);
        Hooks::synchronise();
        __atomic_store_n(&shown_, 0U, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(&inside_, __ATOMIC_SEQ_CST) != 0) {
            __builtin_ia32_pause();
        }
        waiting_ = 0;
        return good;
    }

    /// For the handler of #BP: true if the breakpoint was one of a change; then `frame` is what goes on. `Frame` has `ip`,
    /// which is after the breakpoint, `flags` and `ax`, which can be read and assigned, and `push(value)` and `pop()` for
    /// the stack that was interrupted. (push() overwrites what lies below that stack pointer: an exception frame must
    /// have been copied from there.) From any processor and context, also from several at once.
    template <class Frame>
    [[nodiscard, gnu::visibility("hidden")]] bool handle_breakpoint(Frame& frame) noexcept {
        const uintptr_t at = frame.ip - 1;
        if (!text.contains(at, 1)) {
            return false;
        }
        __atomic_add_fetch(&inside_, 1U, __ATOMIC_SEQ_CST);
        const unsigned count = __atomic_load_n(&shown_, __ATOMIC_SEQ_CST);
        unsigned each = 0;
        while (each < count && batch_[each].at != at) {
            ++each;
        }
        bool ours = each < count;
        if (ours) {
            arch::emulate(batch_[each].bytes, batch_[each].size, at, frame);
        } else if (*reinterpret_cast<const volatile uint8_t*>(at) != arch::breakpoint) {
            frame.ip = at;
            ours = true;
        }
        __atomic_sub_fetch(&inside_, 1U, __ATOMIC_SEQ_CST);
        return ours;
    }

private:
    /// Of one site.
    struct change {
        uintptr_t at;
        uint8_t bytes[arch::longest_branch]; // NOLINT(*-avoid-c-arrays): freestanding
        uint8_t old[arch::longest_branch];   // NOLINT(*-avoid-c-arrays)
        uint8_t size;
    };

    enum class part : uint8_t { breakpoint, new_tail, old_tail, new_first, old_first };

    /// Writes this part of the first `count` sites of the batch. How many were written.
    [[nodiscard, gnu::visibility("hidden")]] unsigned write_all(unsigned count, part which) noexcept {
        unsigned done = 0;
        for (; done < count; ++done) {
            const change& each = batch_[done];
            const bool tail = which == part::new_tail || which == part::old_tail;
            const bool old = which == part::old_tail || which == part::old_first;
            const uint8_t* const from = which == part::breakpoint ? &arch::breakpoint : old ? each.old : each.bytes;
            const unsigned skipped = tail ? 1 : 0;
            const unsigned size = tail ? each.size - 1U : 1;
            if (size != 0 && !Hooks::write(each.at + skipped, from + skipped, size)) {
                break;
            }
        }
        return done;
    }

    change batch_[Capacity]{}; // NOLINT(*-avoid-c-arrays): freestanding
    unsigned waiting_{};       ///< of the batch, those that are filled in
    unsigned shown_{};         ///< of the batch, those that handlers look at
    unsigned inside_{};        ///< handlers that may look at the batch
};

} // namespace INLAY_TARGET
} // namespace inlay
#endif
