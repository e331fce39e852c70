// SPDX-License-Identifier: BSL-1.0
//
// breakpoint_steps: x86's way to change text that other processors run. (text_poke.hpp has the hooks, and an example.)
//
// How it works. A processor fetches the bytes of an instruction when it likes, and keeps them. If another one stores
// five new bytes over five old ones, it may run a mixture of old and new bytes. So a change takes three steps, each
// for a whole batch of sites, and each followed by one synchronisation of all processors:
//
//     text                     a processor that comes to the site
//     e9 d0 d1 d2 d3           runs the old instruction
//  1. cc d0 d1 d2 d3           traps, and the handler carries out the new instruction for it
//  2. cc 1f 44 00 00           the same: the first byte alone decides, and the rest may be in any state
//  3. 0f 1f 44 00 00           runs the new instruction
//
// One byte is stored at once, so step 1 shows the old instruction or the breakpoint, and step 3 the breakpoint or the
// new instruction. After the synchronisation of step 1 no processor has fetched the old first byte without the
// breakpoint, so the tail can be written. After the synchronisation of step 2 no processor has an old tail, so the
// first byte can be written. After the synchronisation of step 3 no processor is about to trap, so the batch is over.
//
// answer() looks for the address in the batch. If the batch has it, answer() carries out the new instruction
// (arch/x86/emulate.hpp). If not, and memory has no breakpoint at that place any more, the processor runs the place
// again. It trapped just before a batch was over. Otherwise the breakpoint is a debugger's or another patcher's.
//
// Any context may meet the breakpoint, also an interrupt, an NMI, a machine check, or the handler of a breakpoint. So
// the handler reads the batch, takes no lock, and writes one counter. The batch is not used again before all handlers
// have left it.
//
// Compare smp_text_poke_batch() and smp_text_poke_int3_handler() in Linux's arch/x86/kernel/alternative.c; Intel SDM
// volume 3, 9.1.3 "Handling Self- and Cross-Modifying Code".
#pragma once

#include "inlay/arch/emulate.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/platform/text_change.hpp"
#include "inlay/words.hpp"

namespace inlay::platform {
inline namespace INLAY_TARGET {

template <class Hooks>
class text_steps {
public:
    /// Whether a handler can carry out both the instruction at the site and the new one. Each must be one instruction.
    [[nodiscard, gnu::visibility("hidden")]] static bool may_change(uintptr_t at, const uint8_t* bytes,
                                                                    size_t size) noexcept {
        return size <= sizeof(text_change::bytes) && arch::may_emulate(bytes, size) &&
               arch::may_emulate(reinterpret_cast<const uint8_t*>(at), size);
    }

    /// Makes the changes. False if text may not be written: then no site has changed.
    [[nodiscard, gnu::visibility("hidden")]] bool make(const text_change* batch, unsigned count) noexcept {
        __atomic_store_n(&shown_, count, __ATOMIC_SEQ_CST);
        const unsigned trapping = write_all(batch, count, part::breakpoint);
        bool good = trapping == count;
        Hooks::synchronise();
        if (good) {
            const unsigned tails = write_all(batch, count, part::new_tail);
            good = tails == count;
            if (!good) {
                (void)write_all(batch, tails, part::old_tail);
            }
            Hooks::synchronise();
        }
        (void)write_all(batch, trapping, good ? part::new_first : part::old_first);
        Hooks::synchronise();
        __atomic_store_n(&shown_, 0U, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(&inside_, __ATOMIC_SEQ_CST) != 0) {
            __builtin_ia32_pause();
        }
        return good;
    }

    /// text_poke::handle_breakpoint(), for a breakpoint in text.
    template <class Frame>
    [[nodiscard, gnu::visibility("hidden")]] bool answer(const text_change* batch, Frame& frame) noexcept {
        const uintptr_t at = frame.ip - 1;
        __atomic_add_fetch(&inside_, 1U, __ATOMIC_SEQ_CST);
        const unsigned count = __atomic_load_n(&shown_, __ATOMIC_SEQ_CST);
        unsigned each = 0;
        while (each < count && batch[each].at != at) {
            ++each;
        }
        bool ours = each < count;
        if (ours) {
            arch::emulate(batch[each].bytes, batch[each].size, at, frame);
        } else if (*reinterpret_cast<const volatile uint8_t*>(at) != arch::breakpoint) {
            frame.ip = at;
            ours = true;
        }
        __atomic_sub_fetch(&inside_, 1U, __ATOMIC_SEQ_CST);
        return ours;
    }

private:
    enum class part : uint8_t { breakpoint, new_tail, old_tail, new_first, old_first };

    /// Writes this part at the first `count` sites in the batch. Returns how many were written.
    [[nodiscard, gnu::visibility("hidden")]] static unsigned write_all(const text_change* batch, unsigned count,
                                                                       part which) noexcept {
        unsigned done = 0;
        for (; done < count; ++done) {
            const text_change& each = batch[done];
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

    unsigned shown_{};  ///< how many changes of the batch handlers look at, from the first on
    unsigned inside_{}; ///< handlers that may look at the batch
};

} // namespace INLAY_TARGET
} // namespace inlay::platform
