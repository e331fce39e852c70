// SPDX-License-Identifier: BSL-1.0
//
// crc32c: the same checksum in three ways, for dispatch to choose from. CRC-32C (Castagnoli; iSCSI, ext4, Btrfs).
//
// How it works. A CRC is the remainder of the message, read as a polynomial over one-bit numbers. Remainders add up.
// The CRC of a message is the sum of its parts' CRCs. Each part's CRC is multiplied by a power of x for the bytes after
// it. See Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction", Intel, 2011.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <nmmintrin.h>
#include <wmmintrin.h>

namespace crc32c {

inline constexpr std::uint32_t polynomial = 0x82f63b78; // Castagnoli's, lowest bit first

/// Multiplies by x, modulo the polynomial.
constexpr std::uint32_t times_x(std::uint32_t value) { return value >> 1 ^ ((value & 1) != 0 ? polynomial : 0); }

constexpr std::uint32_t x_to_the(unsigned power) {
    std::uint32_t value = 0x80000000; // 1
    for (; power != 0; --power) {
        value = times_x(value);
    }
    return value;
}

// ---- Runs everywhere: a byte at a time, by table -------------------------------------------------------

inline constexpr auto table = [] {
    std::array<std::uint32_t, 256> all{};
    for (std::uint32_t i = 0; i < all.size(); ++i) {
        all[i] = i;
        for (int bit = 0; bit < 8; ++bit) {
            all[i] = times_x(all[i]);
        }
    }
    return all;
}();

inline std::uint32_t by_table(const char* data, std::size_t size) {
    std::uint32_t crc = ~0U;
    for (; size != 0; --size) {
        crc = crc >> 8 ^ table[(crc ^ static_cast<std::uint8_t>(*data++)) & 255];
    }
    return ~crc;
}

// ---- SSE4.2: eight bytes an instruction -----------------------------------------------------------------

inline std::uint64_t word(const char* at) {
    std::uint64_t value = 0;
    std::memcpy(&value, at, sizeof value);
    return value;
}

[[gnu::target("sse4.2")]] inline std::uint32_t continued(std::uint64_t crc, const char* data, std::size_t size) {
    for (; size >= 8; size -= 8, data += 8) {
        crc = _mm_crc32_u64(crc, word(data));
    }
    for (; size != 0; --size) {
        crc = _mm_crc32_u8(static_cast<std::uint32_t>(crc), static_cast<std::uint8_t>(*data++));
    }
    return ~static_cast<std::uint32_t>(crc);
}

[[gnu::target("sse4.2")]] inline std::uint32_t by_instruction(const char* data, std::size_t size) {
    return continued(~0U, data, size);
}

// ---- SSE4.2 and PCLMULQDQ: the instruction takes three cycles and can start each cycle, so three run at once ----

/// The CRC after `Bytes` more zero bytes; the caller mixes it into the last eight of them.
template <unsigned Bytes>
[[gnu::target("sse4.2,pclmul")]] __m128i moved_on(std::uint64_t crc) {
    constexpr std::uint32_t factor = x_to_the(8 * Bytes - 33);
    return _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<long long>(crc)),
                                _mm_cvtsi32_si128(static_cast<int>(factor)), 0);
}

[[gnu::target("sse4.2,pclmul")]] inline std::uint32_t three_at_once(const char* data, std::size_t size) {
    constexpr unsigned lane = 1024;
    std::uint64_t first = ~0U;
    for (; size >= 3 * lane; size -= 3 * lane, data += 3 * lane) {
        std::uint64_t second = 0;
        std::uint64_t third = 0;
        for (unsigned i = 0; i < lane - 8; i += 8) {
            first = _mm_crc32_u64(first, word(data + i));
            second = _mm_crc32_u64(second, word(data + lane + i));
            third = _mm_crc32_u64(third, word(data + 2 * lane + i));
        }
        first = _mm_crc32_u64(first, word(data + lane - 8));
        second = _mm_crc32_u64(second, word(data + 2 * lane - 8));
        const __m128i both = _mm_xor_si128(moved_on<2 * lane>(first), moved_on<lane>(second));
        first = _mm_crc32_u64(third, word(data + 3 * lane - 8) ^ static_cast<std::uint64_t>(_mm_cvtsi128_si64(both)));
    }
    return continued(first, data, size);
}

} // namespace crc32c
