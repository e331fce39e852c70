// SPDX-License-Identifier: BSL-1.0
//
// The questions of a kernel after apply(): which sites are wrong, and whether the image was patched.
#include <inlay/each_site.hpp>
#include <inlay/feature.hpp>
#include <inlay/platform/bare.hpp>
#include <inlay/predicate_text.hpp>
#include <inlay/self_test.hpp>

extern "C" {
const char* kernel_asks() noexcept;
extern const char image_begin[], text_begin[], text_end[], image_end[]; // from the linker script
}

namespace {
inlay::uintptr_t at(const char* symbol) noexcept { return reinterpret_cast<inlay::uintptr_t>(symbol); }

inline constexpr inlay::feature<"kernel.asked", inlay::by_hand{}> asked;
} // namespace

/// The sentence about the last site that is not as it should be.
extern "C" const char* kernel_asks() noexcept {
    const inlay::platform::bare<inlay::arch::emit::synchronise> kernel{{at(text_begin), at(text_end)},
                                                                       {at(image_begin), at(image_end)}};
    inlay::trap_unless_patched();
    const char* last = inlay::text_of(!asked);
    inlay::each_site(inlay::this_image(), kernel, [&](const inlay::site_note& note) noexcept {
        last = note.why == inlay::reason::none ? last : inlay::message(note.why);
    });
    return last;
}
