// SPDX-License-Identifier: BSL-1.0
//
// text_window: how the kernel writes its own text.
//
//     text_window window;                                  // maps the window, ...
//     auto done = inlay::apply(inlay::this_image(), window);
//                                                          // ... and takes it away again
//
//     live_text live;                                      // the same, while other processors run through the sites
//     auto done = inlay::set(trace, true, live);
//
// What. Two text_platforms of inlay: `platform::bare` with an alias.
// Why. Text is read-only and executable for as long as the kernel runs. The patcher writes through other pages, which
// are writable and not executable, and which lead to the same memory while it works.
// How. The linker script keeps addresses for the window, as large as text (paging.hpp). A page of it is mapped when
// something in it is written first, and taken away with the object. Interrupts are masked for one site at a time.
//
// Beside other processors. An instruction of the architecture's list (b, bl, nop, brk, svc, hvc, smc) is exchanged
// while they run. For any other, they stand still in the handler of an interrupt from the first write to finish(). In
// both cases each of them has taken an interrupt and executed isb when finish() returns: from then on they run the new
// text.
#pragma once

#include "cpu.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

/// For live_text (live.cpp): the others stand still, and go on. Each returns when all of them do. The others must have
/// interrupts enabled, or be in begin_change().
bool stop_others() noexcept;
void let_others_go() noexcept;
/// This processor and all others synchronise their context.
void synchronise_all() noexcept;
/// One change at a time. A processor that waits here obeys others meanwhile.
void begin_change() noexcept;
void end_change() noexcept;
/// How often the others stood still.
[[nodiscard]] u64 standstills() noexcept;
/// Whether the others can be asked: there are none, or live_begin() was called.
[[nodiscard]] bool others_obey() noexcept;
/// Answers the last request.
void obey_writer() noexcept;
/// Other processors obey from here on.
void live_begin() noexcept;

struct others {
    static bool stop() noexcept { return stop_others(); }
    static void go() noexcept { let_others_go(); }
};

/// The window, for any kind of bare platform.
template <class Bare>
class window_of : public Bare {
public:
    window_of() noexcept;
    window_of(const window_of&) = delete;
    window_of& operator=(const window_of&) = delete;
    ~window_of();

    bool write(inlay::uintptr_t at, const u8* bytes, size_t size) noexcept;
};

/// Before the other processors run, or where they run none of the sites.
using text_window = window_of<inlay::platform::bare<inlay::arch::emit::synchronise>>;

/// From before the window opens until after it has closed.
struct change_lock {
    change_lock() noexcept { begin_change(); }
    change_lock(const change_lock&) = delete;
    change_lock& operator=(const change_lock&) = delete;
    ~change_lock() { end_change(); }
};

/// Beside other processors.
class live_text : change_lock, public window_of<inlay::platform::bare<synchronise_all, others>> {
public:
    [[nodiscard]] bool exchanges(inlay::uintptr_t at, const u8* bytes, size_t size) const noexcept {
        return others_obey() && bare::exchanges(at, bytes, size);
    }
};

} // namespace kernel
