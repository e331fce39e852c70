// SPDX-License-Identifier: BSL-1.0
//
// live: text changes while other processors run it, natively.
//
//     live_begin();                                            // once, when the other processors run
//     { text_window window; auto done = inlay::set(key, true, live_text()); }
//
// What. inlay's text_poke with this kernel's hooks: it writes through the window (text_window.hpp), synchronises the
// others by an interrupt, and looks at each breakpoint first.
// Why. A processor may not fetch an instruction of which a part has changed: see inlay/text_poke.hpp.
// How. The interrupt carries a number. Each processor executes cpuid, and says that it has seen this number.
#pragma once

#include "cpu.hpp"
#include "trap.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

struct live_hooks {
    static bool write(inlay::uintptr_t at, const inlay::uint8_t* bytes, inlay::size_t size) noexcept;
    static void synchronise() noexcept;
};

/// The changes of all processors: one at a time, while a text_window exists.
[[nodiscard]] inlay::text_poke<live_hooks>& live_text() noexcept;

void live_begin() noexcept;

/// For the handler of #BP from kernel code: whether it was one of a change.
[[nodiscard]] bool live_breakpoint(trap_frame& frame) noexcept;
/// How many there were, on all processors.
[[nodiscard]] u64 live_breakpoints() noexcept;

} // namespace kernel
