// SPDX-License-Identifier: BSL-1.0
//
// text_window: maps text a second time, for as long as the patcher works. See text_window.hpp.
#include "text_window.hpp"

#include "paging.hpp"

extern "C" const char image_begin[], text_begin[], text_end[], text_window_begin[];

namespace kernel {

namespace {

constexpr u64 irq_masked = 1 << 7;

[[nodiscard]] u64 linked_at(const char* symbol) noexcept { return reinterpret_cast<u64>(symbol); }
[[nodiscard]] u64 text_size() noexcept { return linked_at(text_end) - linked_at(text_begin); }
[[nodiscard]] u64 distance() noexcept { return linked_at(text_window_begin) - linked_at(text_begin); }

/// Maps the pages of the window for these bytes, if they are none yet.
void open_window(u64 at, u64 size) noexcept {
    for (u64 page = at & ~(page_size - 1); page < at + size; page += page_size) {
        if (page_at(page + distance()) == 0) {
            map_page(page + distance(), page, protection::write);
        }
    }
}
void close_window() noexcept {
    for (u64 page = linked_at(text_window_begin); page < linked_at(text_window_begin) + text_size();
         page += page_size) {
        if (page_at(page) != 0) {
            map_page(page, 0, protection::none);
        }
    }
}

#if defined(KERNEL_MUTATION_NO_TEXT_DC) || defined(KERNEL_MUTATION_NO_TEXT_IC) ||                                      \
    defined(KERNEL_MUTATION_NO_TEXT_DSB) || defined(KERNEL_MUTATION_NO_TEXT_ISB)
/// As bare::write(), but for one step: a check must find that it is missing.
template <class Bare>
bool write_text(Bare& /*platform*/, u64 at, const u8* bytes, size_t size) noexcept {
    inlay::arch::store_text(reinterpret_cast<u8*>(at + distance()), bytes, size);
#ifndef KERNEL_MUTATION_NO_TEXT_DC
    clean_to_unification(at + distance());
#endif
#ifndef KERNEL_MUTATION_NO_TEXT_DSB
    dsb_ish();
#endif
#ifndef KERNEL_MUTATION_NO_TEXT_IC
    invalidate_instructions(at);
#endif
    return true;
}
#else
template <class Bare>
bool write_text(Bare& platform, u64 at, const u8* bytes, size_t size) noexcept {
    return platform.Bare::write(at, bytes, size);
}
#endif

} // namespace

text_pages::text_pages() noexcept
    : bare{{linked_at(text_begin), linked_at(text_end)},
           {linked_at(image_begin), linked_at(text_window_begin)},
           distance()} {}

text_window::~text_window() { close_window(); }

bool text_pages::write(inlay::uintptr_t at, const u8* bytes, size_t size) noexcept {
    const bool masked = (read_daif() & irq_masked) != 0;
    irq_disable();
    open_window(at, size);
    const bool done = write_text<bare>(*this, at, bytes, size);
#ifndef KERNEL_MUTATION_NO_TEXT_ISB
    inlay::arch::emit::synchronise(); // this processor may run the site next
#endif
    if (!masked) {
        irq_enable();
    }
    return done;
}

} // namespace kernel
