// SPDX-License-Identifier: BSL-1.0
//
// callers: the callers of a function that has trapped, for dumps.
//
//     for_each_caller({rip, rsp, rbp, 0, true}, is_stack, is_text, [](u64 pc) { print(hex{pc, 16}, "\n"); });
//
// What. The trapped instruction, then return addresses, to the first function or to the first that nothing is known about.
// Why. Backtraces without frame pointers: each function has a register more, and a stack that patched sites may move.
// How. `inlay orc kernel.elf` fills a table after the link (inlay/unwind.hpp). Without it, the compiler keeps frame pointers,
// and they lead from frame to frame.
#pragma once

#include "types.hpp"

#include <inlay/unwind.hpp>

namespace kernel {

/// For 6,000 entries. Not `constexpr`: the tool changes it.
extern const inlay::unwind::space<6000> unwind_room;

/// Calls `each(pc)` for the instruction and its callers. `is_stack(at)` says whether 8 bytes of memory that may be a stack are at
/// an address, `is_text(pc)` whether an instruction is.
template <class IsStack, class IsText, class Each>
void for_each_caller(inlay::unwind::frame at, const IsStack& is_stack, const IsText& is_text,
                     const Each& each) noexcept {
    const auto read = [&](u64 from, u64& word) noexcept {
        if (from % 8 != 0 || !is_stack(from)) {
            return false;
        }
        word = *reinterpret_cast<const u64*>(from);
        return true;
    };
    const auto& table = unwind_room.table();
    const bool by_table = table.mark == inlay::unwind::mark;
    each(at.pc);
    for (unsigned depth = 0; depth < 32; ++depth) {
        const u64 before = by_table ? at.sp : at.fp;
        if (by_table ? !inlay::unwind::step(table, at, read) : !read(at.fp + 8, at.pc) || !read(at.fp, at.fp)) {
            return;
        }
        if (!is_text(at.pc)) {
            return;
        }
        each(at.pc);
        if (by_table ? at.sp < before : at.fp <= before) { // another stack, or the end; a leaf may have no frame at all
            return;
        }
    }
}

} // namespace kernel
