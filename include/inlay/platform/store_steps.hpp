// SPDX-License-Identifier: BSL-1.0
//
// store_steps: AArch64's way to change text that other processors run. (text_poke.hpp has the hooks, and an example.)
//
// How it works. An instruction is one aligned word, and one store writes it. The architecture names the instructions
// that may be exchanged under a processor that runs them. They are b, bl, brk, hvc, nop, smc, svc, in newer manuals
// also isb. (Arm ARM, DDI 0487, B2.2.5 "Concurrent modification and execution of instructions".) bti is not among them.
// That processor runs the old or the new instruction. So a batch of such changes takes one step:
//
//     text                     a processor that comes to the site
//     b    there               runs the old instruction
//  1. nop                      runs the old or the new one, until it has synchronised
//
// After the synchronisation no processor has the old instruction any more, and the batch is over.
//
// Sites of keys, switches and calls hold such instructions, except one: a call that returns zero is `mov x0, #0`. A
// processor that fetches a word while that word becomes or was such an instruction may do anything. So for a batch with
// a change of this kind, all other processors stand still while it is written:
//
//  1. They stop, in code that has no site and does not change.
//  2. The words are written, and leave the caches.
//  3. They go on, each by an isb, which discards earlier fetches.
//
// A write that is refused is taken back with those before it, in the same step.
//
// Compare aarch64_insn_patch_text_nosync() and aarch64_insn_patch_text() in Linux's arch/arm64/kernel/patching.c, which
// stops the machine for each change.
#pragma once

#include "inlay/arch/arch.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/platform/text_change.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

namespace inlay::platform {
inline namespace INLAY_TARGET {

template <class Hooks>
class text_steps {
    static constexpr bool has_stop = requires { &Hooks::stop; };
    static constexpr bool can_stop = requires(void (*work)(void*) noexcept, void* what) {
        { Hooks::stop(work, what) } noexcept -> detail::same_as<bool>;
    };
    static_assert(
        can_stop || !has_stop,
        "inlay: the hook `stop` of text_poke is static bool stop(void (*work)(void*) noexcept, void* what) noexcept");

public:
    /// Whether the site is one instruction that other processors may run meanwhile, or these can be stopped.
    [[nodiscard, gnu::visibility("hidden")]] static bool may_change(uintptr_t at, const uint8_t* bytes,
                                                                    size_t size) noexcept {
        return size == sizeof(text_change::bytes) && at % size == 0 &&
               (can_stop || arch::exchangeable(reinterpret_cast<const uint8_t*>(at), bytes, size));
    }

    /// Makes the changes. False if text may not be written, or the others could not be stopped: then no site has
    /// changed.
    [[nodiscard, gnu::visibility("hidden")]] bool make(const text_change* batch, unsigned count) noexcept {
        if constexpr (can_stop) {
            if (!all_exchangeable(batch, count)) {
                work now{batch, count, false};
                return Hooks::stop(&write_alone, &now) && now.good;
            }
        }
        const bool good = write_all(batch, count);
        Hooks::synchronise();
        return good;
    }

private:
    struct work {
        const text_change* batch;
        unsigned count;
        bool good;
    };

    [[nodiscard, gnu::visibility("hidden")]] static bool all_exchangeable(const text_change* batch,
                                                                          unsigned count) noexcept {
        unsigned each = 0;
        while (each < count && arch::exchangeable(batch[each].old, batch[each].bytes, batch[each].size)) {
            ++each;
        }
        return each == count;
    }

    [[nodiscard, gnu::visibility("hidden")]] static bool write_all(const text_change* batch, unsigned count) noexcept {
        unsigned done = 0;
        while (done < count && Hooks::write(batch[done].at, batch[done].bytes, batch[done].size)) {
            ++done;
        }
        const bool good = done == count;
        while (!good && done != 0) {
            --done;
            (void)Hooks::write(batch[done].at, batch[done].old, batch[done].size);
        }
        return good;
    }

    /// Writes the batch while the other processors stand still.
    [[gnu::visibility("hidden")]] static void write_alone(void* what) noexcept {
        work& now = *static_cast<work*>(what);
        now.good = write_all(now.batch, now.count);
        arch::emit::synchronise();
    }
};

} // namespace INLAY_TARGET
} // namespace inlay::platform
