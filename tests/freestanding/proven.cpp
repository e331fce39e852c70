// SPDX-License-Identifier: BSL-1.0
//
// The patcher as a kernel has it: nothing but apply_proven(). Its size is measured, its undefined symbols counted.
#include <inlay/apply_proven.hpp>
#include <inlay/platform/bare.hpp>

extern "C" {
int kernel_apply_proven() noexcept;
extern const char image_begin[], text_begin[], text_end[], image_end[]; // from the linker script
}

namespace {
inlay::uintptr_t at(const char* symbol) noexcept { return reinterpret_cast<inlay::uintptr_t>(symbol); }
} // namespace

extern "C" int kernel_apply_proven() noexcept {
    inlay::platform::bare<inlay::arch::emit::synchronise> kernel{{at(text_begin), at(text_end)},
                                                                 {at(image_begin), at(image_end)}};
    return static_cast<int>(inlay::apply_proven<16384>(kernel).error());
}
