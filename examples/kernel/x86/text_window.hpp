// SPDX-License-Identifier: BSL-1.0
//
// text_window: how the kernel writes its own text.
//
//     text_window window;                                  // maps the window, ...
//     auto done = inlay::apply(inlay::this_image(), window);
//                                                          // ... and takes it away again
//
// What. A text_platform of inlay: `platform::bare` with an alias, interrupts off for one site at a time.
// Why. Text is read-only and executable for as long as the kernel runs. The patcher writes through other pages, which
// are writable and not executable, and which lead to the same memory while it works. Interrupts stay on in between: a
// handler may run through a site before or after it was written, but not in the middle.
// How. The linker script keeps addresses for the window, as large as text. Its page-table entries get the frames of
// text, by the operations of paging.hpp, so that this works under Xen as well. Nothing here may contain a patch site
// that is being written: the interrupt flag is changed through the table of operations, not by a site. NMI and machine
// check cannot be held off. One that came while a site on its own way is written would find half of it. (Linux stops
// NMIs meanwhile, as far as it can: alternative_instructions().)
#pragma once

#include "cpu.hpp"

#include <inlay/kernel.hpp>

namespace kernel {

class text_window : public inlay::platform::bare<inlay::arch::emit::synchronise> {
public:
    text_window() noexcept;
    text_window(const text_window&) = delete;
    text_window& operator=(const text_window&) = delete;
    ~text_window();

    bool write(inlay::uintptr_t at, const u8* bytes, size_t size) noexcept;
};

} // namespace kernel
