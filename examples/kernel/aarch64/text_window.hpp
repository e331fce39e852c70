// SPDX-License-Identifier: BSL-1.0
//
// text_window: how the kernel writes its own text.
//
//     text_window window;                                  // maps the window, ...
//     auto done = inlay::apply(inlay::this_image(), window);
//                                                          // ... and takes it away again
//
//     auto done = inlay::set(trace, true);                 // while other processors run through the sites
//
// What. Two text_platforms of inlay: `platform::bare` with an alias, and text_poke with the kernel's hooks, which are
// declared as this kernel's way of changing text.
// Why. Text is read-only and executable for as long as the kernel runs. The patcher writes through other pages, which
// are writable and not executable, and which lead to the same memory while it works.
// How. The linker script keeps addresses for the window, as large as text (paging.hpp). A page of it is mapped when
// something in it is written first, and taken away with the object. Interrupts are masked for one site at a time.
//
// Beside other processors. An instruction of the architecture's list (b, bl, nop, brk, svc, hvc, smc) is exchanged
// while they run. For any other, they stand still in the handler of an interrupt while a batch is written (live.cpp). In
// both cases each of them has taken an interrupt and executed isb when the change returns: from then on they run the new
// text.
#pragma once

#include "cpu.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

/// One change at a time. A processor that waits here obeys others meanwhile.
void begin_change() noexcept;
void end_change() noexcept;
/// How often the others stood still.
[[nodiscard]] u64 standstills() noexcept;
/// Whether live_begin() was called, or no other processor runs. If neither, no change is made.
[[nodiscard]] bool others_obey() noexcept;
/// Answers the last request.
void obey_writer() noexcept;
/// Other processors obey from here on.
void live_begin() noexcept;
/// This processor starts: from here on changes wait for it. Before it runs a site that changes.
void live_join() noexcept;
/// It ends: no change waits for it any more. It runs no site from here on.
void live_leave() noexcept;
/// The number of the last request.
[[nodiscard]] u64 live_requests() noexcept;
/// The writer calls this function when all others have stopped, before it writes, under its lock; null: none.
void on_standstill(void (*what)() noexcept) noexcept;

/// From before the window opens until after it has closed.
struct change_lock {
    change_lock() noexcept { begin_change(); }
    change_lock(const change_lock&) = delete;
    change_lock& operator=(const change_lock&) = delete;
    ~change_lock() { end_change(); }
};

/// Pages that are mapped as they are written, and stay.
class text_pages : public inlay::platform::bare<inlay::arch::emit::synchronise> {
public:
    text_pages() noexcept;
    bool write(inlay::uintptr_t at, const u8* bytes, size_t size) noexcept;
};

/// Before the other processors run, or where they run none of the sites. And for as long as a change writes.
class text_window : public text_pages {
public:
    text_window() noexcept = default;
    text_window(const text_window&) = delete;
    text_window& operator=(const text_window&) = delete;
    ~text_window();
};

/// The hooks of text_poke. The others must have interrupts enabled, or be in begin_change().
struct live_hooks {
    static bool write(inlay::uintptr_t at, const u8* bytes, inlay::size_t size) noexcept;
    static void synchronise() noexcept;
    static bool stop(void (*to_do)(void*) noexcept, void* what) noexcept;
};

/// For all processors, under the lock.
[[nodiscard]] inlay::text_poke<live_hooks>& live_text() noexcept;

} // namespace kernel

template <>
struct inlay::this_kernel<> {
    static outcome change(const auto& make) noexcept {
        const kernel::change_lock lock;
        const kernel::text_window window;
        return make(kernel::live_text());
    }
};
