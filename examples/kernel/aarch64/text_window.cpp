// SPDX-License-Identifier: BSL-1.0
//
// text_window: maps text a second time, for as long as the patcher works. See text_window.hpp.
#include "text_window.hpp"

#include "paging.hpp"

extern "C" const char image_begin[], text_begin[], text_end[], text_window_begin[];

namespace kernel {

namespace {

[[nodiscard]] u64 linked_at(const char* symbol) noexcept { return reinterpret_cast<u64>(symbol); }
[[nodiscard]] u64 text_size() noexcept { return linked_at(text_end) - linked_at(text_begin); }

constexpr u64 irq_masked = 1 << 7;

} // namespace

text_window::text_window() noexcept
    : bare{{linked_at(text_begin), linked_at(text_end)},
           {linked_at(image_begin), linked_at(text_window_begin)},
           linked_at(text_window_begin) - linked_at(text_begin)} {
    for (u64 at = 0; at < text_size(); at += page_size) {
        map_page(linked_at(text_window_begin) + at, linked_at(text_begin) + at, protection::write);
    }
}

text_window::~text_window() {
    for (u64 at = 0; at < text_size(); at += page_size) {
        map_page(linked_at(text_window_begin) + at, 0, protection::none);
    }
}

bool text_window::write(std::uintptr_t at, const std::uint8_t* bytes, std::size_t size) noexcept {
    const bool masked = (read_daif() & irq_masked) != 0;
    irq_disable();
    const bool done = bare::write(at, bytes, size);
    inlay::arch::emit::synchronise();
    if (!masked) {
        irq_enable();
    }
    return done;
}

} // namespace kernel
