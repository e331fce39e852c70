// SPDX-License-Identifier: BSL-1.0
//
// The code that a kernel runs to change text. An emulator does not show the width of a store, or that a cache operation
// is missing. So run.sh disassembles the code. Each function is one step of the manual's sequence, or the whole
// sequence.
#include <inlay/apply.hpp>
#include <inlay/platform/bare.hpp>

#include <cstddef>
#include <cstdint>

extern "C" {

void store_one(std::uint8_t* to, const std::uint8_t* bytes) noexcept { inlay::arch::store_text(to, bytes, 4); }

void store_many(std::uint8_t* to, const std::uint8_t* bytes, std::size_t size) noexcept {
    inlay::arch::store_text(to, bytes, size);
}

void clean(std::uintptr_t written, std::uintptr_t executed, std::size_t size) noexcept {
    inlay::arch::emit::clean_text(written, executed, size);
    inlay::arch::emit::synchronise();
}

bool write_and_finish(inlay::platform::bare<&inlay::arch::emit::synchronise>& kernel, std::uintptr_t at,
                      const std::uint8_t* bytes) noexcept {
    return kernel.write(at, bytes, 4) && kernel.finish();
}
}
