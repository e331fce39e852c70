// SPDX-License-Identifier: BSL-1.0
//
// live: text changes while other processors run it, natively and under Xen.
//
//     live_begin();                                            // once, before the other processors start
//     auto done = inlay::set(key, true);
//
// What. inlay's text_poke with this kernel's hooks: it writes through the window (text_window.hpp), synchronises the
// others by an interrupt, and looks at each breakpoint first. It is declared as this kernel's way of changing text.
// Why. A processor may not fetch an instruction of which a part has changed: see inlay/text_poke.hpp.
// How. The interrupt carries a number. Each processor executes cpuid, and says that it has seen this number. A
// processor that starts says that it runs, and then answers the last number before it goes on. So if a change did not
// see it run, it sees the number of this change.
#pragma once

#include "cpu.hpp"
#include "text_window.hpp"
#include "trap.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

struct live_hooks {
    static bool write(inlay::uintptr_t at, const inlay::uint8_t* bytes, inlay::size_t size) noexcept;
    static void synchronise() noexcept;
};

/// The changes of all processors: one at a time, while a live_change exists.
[[nodiscard]] inlay::text_poke<live_hooks>& live_text() noexcept;

/// A change by this processor: others wait, with interrupts on; the window is open.
class live_change {
public:
    live_change() noexcept;
    live_change(const live_change&) = delete;
    live_change& operator=(const live_change&) = delete;
    ~live_change();

private:
    struct lock {
        lock() noexcept;
        lock(const lock&) = delete;
        lock& operator=(const lock&) = delete;
        ~lock();
    };
    lock lock_;
    text_window window_;
};

void live_begin() noexcept;
/// This processor starts: from here on it answers. Before it runs a site that changes.
void live_join() noexcept;
/// It ends: no change waits for it any more. It runs no site from here on, and gets no interrupt.
void live_leave() noexcept;

/// For the handler of #BP from kernel code: whether a change had set the breakpoint.
[[nodiscard]] bool live_breakpoint(trap_frame& frame) noexcept;
/// The number of breakpoints on all processors, and the number of nested ones: in the handler of another breakpoint.
struct breakpoint_counts {
    u64 all, nested;
};
[[nodiscard]] breakpoint_counts live_breakpoints() noexcept;
/// The function that a breakpoint's handler calls first, unless it interrupted another such handler; null: none.
void on_breakpoint(void (*what)() noexcept) noexcept;
/// How often all processors were synchronised.
[[nodiscard]] u64 live_synchronisations() noexcept;

} // namespace kernel

template <>
struct inlay::this_kernel<> {
    static outcome change(const auto& make) noexcept {
        const kernel::live_change now;
        return make(kernel::live_text());
    }
};
