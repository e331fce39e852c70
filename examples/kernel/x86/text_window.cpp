// SPDX-License-Identifier: BSL-1.0
//
// text_window: maps text a second time, for as long as the patcher works. See text_window.hpp.
#include "text_window.hpp"

#include "paging.hpp"

#include <inlay/pv/linux.hpp>

extern "C" const char image_begin[], text_begin[], text_end[], image_end[], text_window_begin[];

namespace kernel {

namespace {

#ifdef KERNEL_MUTATION_UNGUARDED // a test must find that handlers meet half-written sites
constexpr bool guarded = false;
#else
constexpr bool guarded = true;
#endif

[[nodiscard]] u64 linked_at(const char* symbol) noexcept { return reinterpret_cast<u64>(symbol); }

[[nodiscard]] u64 text_size() noexcept { return linked_at(text_end) - linked_at(text_begin); }

/// Through the pointers of the table, since the sites may be the very ones that are written.
[[nodiscard]] bool interrupts_off() noexcept {
    const auto save = reinterpret_cast<u64 (*)()>(inlay::x86::pv::irq.save_fl.target());
    const auto disable = reinterpret_cast<void (*)()>(inlay::x86::pv::irq.irq_disable.target());
    const bool were_on = (save() & 0x200) != 0;
    disable();
    return were_on;
}
void interrupts_on() noexcept { reinterpret_cast<void (*)()>(inlay::x86::pv::irq.irq_enable.target())(); }

} // namespace

text_window::text_window() noexcept
    : bare{{linked_at(text_begin), linked_at(text_end)},
           {linked_at(image_begin), linked_at(image_end)},
           linked_at(text_window_begin) - linked_at(text_begin)} {
    for (u64 at = 0; at < text_size(); at += page_size) {
        set_page(linked_at(text_window_begin) + at, physical(text_begin + at) | bits_of(protection::write));
    }
}

text_window::~text_window() {
    for (u64 at = 0; at < text_size(); at += page_size) {
        set_page(linked_at(text_window_begin) + at, 0);
    }
}

bool text_window::write(inlay::uintptr_t at, const u8* bytes, size_t size) noexcept {
    const bool were_on = guarded && interrupts_off();
    bool done = true;
    if (guarded) {
        done = bare::write(at, bytes, size);
    } else { // a byte at a time, so that handlers can meet half a site
        for (size_t i = 0; i < size; ++i) {
            done = bare::write(at + i, bytes + i, 1) && done;
        }
    }
    inlay::arch::emit::synchronise();
    if (were_on) {
        interrupts_on();
    }
    return done;
}

} // namespace kernel
