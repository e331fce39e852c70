// SPDX-License-Identifier: BSL-1.0
//
// arch/x86/length.hpp in 32-bit mode against Zydis; a program of 64 bits, as Zydis is. See tests/x86_length_test.cpp.
//
//     length_test [FILE...]          also walks the text of these ELF files, of 32 bits
#include "../elf_file.hpp"
#include "inlay/arch/x86/length.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

#include <Zydis/Zydis.h>
#include <sys/mman.h>

// NOLINTBEGIN(*-avoid-magic-numbers)
namespace {

using bytes = std::vector<std::uint8_t>;

unsigned our_length(const std::uint8_t* at, std::size_t size) {
    return inlay::x86::instruction_length<false>(at, size);
}

std::string hex(const std::uint8_t* at, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        std::array<char, 4> two{};
        std::snprintf(two.data(), two.size(), i == 0 ? "%02x" : " %02x", at[i]);
        out += two.data();
    }
    return out;
}

bytes joined(std::initializer_list<bytes> parts) {
    bytes all;
    for (const auto& part : parts) {
        std::ranges::copy(part, std::back_inserter(all));
    }
    return all;
}

/// Compares, counts, and tells the first few differences.
class comparison {
public:
    comparison() { ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32); }
    comparison(const comparison&) = delete;
    comparison& operator=(const comparison&) = delete;
    comparison(comparison&&) = delete;
    comparison& operator=(comparison&&) = delete;
    ~comparison() {
        EXPECT_EQ(different_, 0U) << "of " << compared_;
        std::printf("             %zu instructions compared\n", compared_);
    }

    /// The length that Zydis finds, 0 if it does not decode.
    unsigned operator()(const std::uint8_t* at, std::size_t size) {
        ZydisDecodedInstruction theirs;
        size = std::min<std::size_t>(size, ZYDIS_MAX_INSTRUCTION_LENGTH);
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder_, nullptr, at, size, &theirs))) {
            return 0;
        }
        ++compared_;
        const unsigned ours = our_length(at, size);
        if (ours != theirs.length && ++different_ <= 10) {
            ADD_FAILURE() << hex(at, size) << ": " << ours << " bytes instead of " << unsigned{theirs.length} << " ("
                          << ZydisMnemonicGetString(theirs.mnemonic) << ')';
        }
        return theirs.length;
    }

    [[nodiscard]] std::size_t compared() const { return compared_; }

private:
    ZydisDecoder decoder_{};
    std::size_t compared_ = 0;
    std::size_t different_ = 0;
};

std::vector<std::string> files;

TEST(x86_length_32, text_of_files) {
    comparison result;
    for (const auto& name : files) {
        const elf_file file{name};
        ASSERT_TRUE(file) << name;
        ASSERT_EQ(file.machine(), EM_386) << name;
        for (const auto& segment : file.segments()) {
            if (segment.executable) {
                const auto text = segment.bytes;
                for (std::size_t at = 0; at < text.size();) {
                    at += std::max(1U, result(text.data() + at, text.size() - at));
                }
            }
        }
    }
    EXPECT_GE(result.compared(), files.size() * 10'000);
}

const std::vector<bytes> prefixes{{},           {0x66},       {0xf2},       {0xf3},       {0x67},
                                  {0x66, 0x67}, {0x67, 0x66}, {0x66, 0xf2}, {0x67, 0xf3}, {0x2e, 0x3e},
                                  {0x26, 0x36}, {0xf0, 0x64}, {0x67, 0x65}};

/// `start`, then all ModRM bytes, and a few SIB bytes: no base, a base of ebp, others.
void compare_operands(comparison& result, const bytes& start) {
    std::array<std::uint8_t, 24> buffer{};
    std::ranges::fill(buffer, std::uint8_t{0x11});
    std::ranges::copy(start, buffer.begin());
    for (unsigned modrm = 0; modrm < 256; ++modrm) {
        buffer.at(start.size()) = static_cast<std::uint8_t>(modrm);
        for (const auto sib : bytes{0x25, 0x6d, 0x24, 0xa5, 0x4b}) {
            buffer.at(start.size() + 1) = sib;
            (void)result(buffer.data(), buffer.size());
            if ((modrm & 7U) != 4 || modrm >= 0xc0) {
                break;
            }
        }
    }
}

TEST(x86_length_32, every_legacy_opcode) {
    comparison result;
    for (const auto& escape : std::initializer_list<bytes>{{}, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}, {0x0f, 0x0f}}) {
        for (unsigned opcode = 0; opcode < 256; ++opcode) {
            for (const auto& prefix : prefixes) {
                compare_operands(result, joined({prefix, escape, {static_cast<std::uint8_t>(opcode)}}));
            }
        }
    }
    EXPECT_GT(result.compared(), 1'000'000U);
}

/// The first byte, and the next one; the next byte decides whether it is VEX, EVEX or XOP.
TEST(x86_length_32, every_opcode_of_vex_evex_and_xop) {
    comparison result;
    for (const bytes& prefix : std::initializer_list<bytes>{{}, {0x67}}) {
        for (unsigned next = 0; next < 256; ++next) {
            for (unsigned opcode = 0; opcode < 256; ++opcode) {
                const auto second = static_cast<std::uint8_t>(next);
                const auto last = static_cast<std::uint8_t>(opcode);
                for (const auto operands : bytes{0x00, 0x05, 0x06, 0x44, 0x85, 0xc8}) {
                    for (const auto third : bytes{0x78, 0x7d, 0x79, 0xfb}) {
                        for (const auto& code : std::initializer_list<bytes>{
                                 {0xc5, second, last, operands},
                                 {0xc4, second, third, last, operands},
                                 {0x8f, second, third, last, operands},
                                 {0x62, second, static_cast<std::uint8_t>(third | 4U), 0x48, last, operands}}) {
                            const auto whole = joined({prefix, code, bytes(10, 0x24)});
                            (void)result(whole.data(), whole.size());
                        }
                    }
                }
            }
        }
    }
    EXPECT_GT(result.compared(), 1'000'000U);
}

TEST(x86_length_32, random_bytes) {
    comparison result;
    std::mt19937_64 random{20240229};
    std::array<std::uint8_t, 16> buffer{};
    const std::array<bytes, 12> starts{
        {{}, {}, {0x66}, {0xf2}, {0x67, 0x66}, {0x67}, {0x0f}, {0x66, 0x0f}, {0x0f, 0x3a}, {0xc4}, {0x62}, {0x8f}}};
    for (unsigned round = 0; round < 4'000'000; ++round) {
        const std::array<std::uint64_t, 2> words{random(), random()};
        std::memcpy(buffer.data(), words.data(), sizeof words);
        std::ranges::copy(starts.at(round % starts.size()), buffer.begin());
        (void)result(buffer.data(), buffer.size());
    }
    EXPECT_GT(result.compared(), 2'000'000U);
}

TEST(x86_length_32, by_hand) {
    struct known {
        bytes code;
        const char* text;
    };
    const std::vector<known> instructions{
        {{0x40}, "inc eax"},
        {{0x60}, "pusha"},
        {{0xa1, 1, 2, 3, 4}, "mov eax, [address]"},
        {{0x67, 0xa1, 1, 2}, "mov eax, [address16]"},
        {{0xb8, 1, 2, 3, 4}, "mov eax, imm32"},
        {{0x66, 0xb8, 1, 2}, "mov ax, imm16"},
        {{0x8b, 0x05, 1, 2, 3, 4}, "mov eax, [address]"},
        {{0x67, 0x8b, 0x06, 1, 2}, "mov eax, [address16]"},
        {{0x67, 0x8b, 0x44, 1}, "mov eax, [si + disp8]"},
        {{0x67, 0x8b, 0x84, 1, 2}, "mov eax, [si + disp16]"},
        {{0x9a, 1, 2, 3, 4, 5, 6}, "call far"},
        {{0x66, 0xea, 1, 2, 3, 4}, "jmp far, of 16 bits"},
        {{0x66, 0xe8, 1, 2}, "call rel16"},
        {{0x66, 0x0f, 0x84, 1, 2}, "je rel16"},
        {{0xc5, 0x04, 0x24}, "lds eax, [esp]"},
        {{0xc4, 0x45, 0x08}, "les eax, [ebp + 8]"},
        {{0x62, 0x05, 1, 2, 3, 4}, "bound eax, [address]"},
        {{0xc5, 0xf8, 0x77}, "vzeroupper"},
        {{0x62, 0xf1, 0x7c, 0x48, 0x28, 0x47, 0x01}, "vmovaps zmm0, [edi + 64]"},
        {{0xd4, 10}, "aam"},
        {{0x3e, 0x8d, 0xb4, 0x26, 0, 0, 0, 0}, "nop of eight bytes"},
    };
    for (const auto& [code, text] : instructions) {
        auto longer = code;
        longer.resize(32, 0xcc);
        EXPECT_EQ(our_length(longer.data(), longer.size()), code.size()) << text;
    }
}

/// The decoder reads no byte after the end: the next page faults.
TEST(x86_length_32, truncated_instructions) {
    constexpr std::size_t page = 4096;
    void* const pages = mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(pages, MAP_FAILED);
    auto* const start = static_cast<std::uint8_t*>(pages);
    ASSERT_EQ(mprotect(start + page, page, PROT_NONE), 0);
    const auto place = [&](const std::uint8_t* code, std::size_t size) {
        return static_cast<const std::uint8_t*>(std::memcpy(start + page - size, code, size));
    };
    std::mt19937_64 random{7};
    std::array<std::uint8_t, 16> buffer{};
    unsigned valid = 0;
    constexpr std::array<std::uint8_t, 6> starts{0x0f, 0xc4, 0xc5, 0x62, 0x67, 0x8f};
    for (unsigned round = 0; round < 200'000; ++round) {
        const std::array<std::uint64_t, 2> words{random(), random()};
        std::memcpy(buffer.data(), words.data(), sizeof words);
        buffer.at(0) = round % 2 == 0 ? starts.at(round / 2 % starts.size()) : buffer.at(0);
        const unsigned length = our_length(buffer.data(), buffer.size());
        valid += length != 0 ? 1 : 0;
        ASSERT_EQ(our_length(place(buffer.data(), length), length), length) << hex(buffer.data(), length);
        for (std::size_t available = 0; available < length; ++available) {
            ASSERT_EQ(our_length(place(buffer.data(), available), available), 0U) << hex(buffer.data(), length);
        }
    }
    EXPECT_GT(valid, 100'000U);
    munmap(pages, 2 * page);
}

} // namespace
// NOLINTEND(*-avoid-magic-numbers)

int main(int count, char** arguments) {
    testing::InitGoogleTest(&count, arguments);
    files.assign(arguments + 1, arguments + count);
    return RUN_ALL_TESTS();
}
