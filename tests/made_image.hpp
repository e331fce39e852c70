// SPDX-License-Identifier: BSL-1.0
//
// An image made by hand: text, tables and data in one buffer, and a platform that watches over it. Tests
// corrupt it; the fuzz target fills it with noise.
#pragma once

#include <inlay/apply.hpp>

#include <array>
#include <cstdint>
#include <cstring>

namespace made {

using inlay::address;
namespace table = inlay::table;

inline constexpr std::size_t text_size = 1024;
inline constexpr std::size_t data_size = 3072;

/// Text, then data, in one piece.
struct memory {
    alignas(64) std::array<std::uint8_t, text_size> text;
    std::array<std::uint8_t, data_size> data;
};

/// Reads are allowed everywhere in the memory, writes to its data, execution of its text.
struct platform {
    memory& image;
    bool refuses{};
    unsigned writes{};
    bool finished{};

    [[nodiscard]] static bool within(const void* begin, std::size_t length, address at, std::size_t size) noexcept {
        const auto start = reinterpret_cast<address>(begin);
        return at >= start && at - start <= length && size <= length - (at - start);
    }
    [[nodiscard]] bool readable(address at, std::size_t size) const noexcept {
        return within(&image, sizeof(image), at, size);
    }
    [[nodiscard]] bool writable(address at, std::size_t size) const noexcept {
        return within(image.data.data(), data_size, at, size);
    }
    [[nodiscard]] bool executable(address at, std::size_t size) const noexcept {
        return within(image.text.data(), text_size, at, size);
    }
    bool write(address at, const std::uint8_t* bytes, std::size_t size) noexcept {
        if (refuses || !executable(at, size)) {
            return false;
        }
        ++writes;
        std::memcpy(reinterpret_cast<void*>(at), bytes, size);
        return true;
    }
    bool finish() noexcept {
        finished = true;
        return !refuses;
    }
    /// Function probes are not run: the text is not code.
    [[nodiscard]] static bool probe(address /*function*/) noexcept { return true; }
};

/// Makes `from` refer to `to`.
inline void refer(table::reference& from, const void* to) noexcept {
    from.distance =
        static_cast<std::int32_t>(reinterpret_cast<std::intptr_t>(to) - reinterpret_cast<std::intptr_t>(&from));
}

} // namespace made
