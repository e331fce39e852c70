// SPDX-License-Identifier: BSL-1.0
//
// arch/x86/length.hpp against Zydis, and against lengths written by hand.
//
// How it works. If Zydis decodes an instruction, the lengths must agree. The test compares them in the text of this
// program and of large libraries. It also tries every opcode with a choice of prefixes and operands, and random bytes.
// If Zydis does not decode it, the test does not compare: Zydis knows more undefined instructions, and fewer new ones.
#include "elf_file.hpp"
#include "inlay/arch/x86/length.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <random>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include <Zydis/Zydis.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

// NOLINTBEGIN(*-avoid-magic-numbers)
namespace {

using inlay::x86::instruction_length;
using bytes = std::vector<std::uint8_t>;

std::string hex(const std::uint8_t* at, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        std::array<char, 4> two{};
        std::snprintf(two.data(), two.size(), i == 0 ? "%02x" : " %02x", at[i]);
        out += two.data();
    }
    return out;
}

/// `parts` one after another.
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
    comparison() { ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64); }

    /// The length that Zydis finds, 0 if it does not decode.
    unsigned operator()(const std::uint8_t* at, std::size_t size) {
        ZydisDecodedInstruction theirs;
        size = std::min<std::size_t>(size, ZYDIS_MAX_INSTRUCTION_LENGTH);
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder_, nullptr, at, size, &theirs))) {
            return 0;
        }
        ++compared_;
        const unsigned expected = is_contested_branch(theirs) || is_knights_corner(theirs) ? 0 : theirs.length;
        const unsigned ours = instruction_length(at, size);
        if (ours != expected && ++different_ <= 10) {
            ADD_FAILURE() << hex(at, size) << ": " << ours << " bytes instead of " << expected << " ("
                          << ZydisMnemonicGetString(theirs.mnemonic) << ')';
        }
        return theirs.length;
    }

    /// Every instruction of `text`; a byte that begins none is passed over.
    void walk(std::span<const std::uint8_t> text) {
        for (std::size_t at = 0; at < text.size();) {
            at += std::max(1U, (*this)(text.data() + at, text.size() - at));
        }
    }

    [[nodiscard]] std::size_t compared() const { return compared_; }
    [[nodiscard]] std::size_t different() const { return different_; }

private:
    /// 66 with a near branch and no REX.W: Intel ignores the prefix, AMD has then a rel16, and we decline.
    static bool is_contested_branch(const ZydisDecodedInstruction& instruction) {
        const bool near =
            instruction.encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY &&
            ((instruction.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && (instruction.opcode & 0xfeU) == 0xe8) ||
             (instruction.opcode_map == ZYDIS_OPCODE_MAP_0F && (instruction.opcode & 0xf0U) == 0x80));
        return near && (instruction.attributes & ZYDIS_ATTRIB_HAS_OPERANDSIZE) != 0 && instruction.raw.rex.W == 0;
    }

    /// jkzd and jknzd: VEX map 0; only a coprocessor of 2012 had it.
    static bool is_knights_corner(const ZydisDecodedInstruction& instruction) {
        return instruction.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX &&
               instruction.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT;
    }

    ZydisDecoder decoder_{};
    std::size_t compared_ = 0;
    std::size_t different_ = 0;
};

void expect(const comparison& result, std::size_t least) {
    EXPECT_GT(result.compared(), least);
    EXPECT_EQ(result.different(), 0U) << "of " << result.compared();
    testing::Test::RecordProperty("compared", static_cast<int>(result.compared()));
    std::printf("             %zu instructions compared\n", result.compared());
}

// ---- Text that compilers and assemblers wrote.

TEST(x86_length, text_of_this_program_and_its_libraries) {
    comparison result;
    dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* data) {
            for (unsigned i = 0; i < info->dlpi_phnum; ++i) {
                const auto& segment = info->dlpi_phdr[i];
                if (segment.p_type == PT_LOAD && (segment.p_flags & (PF_R | PF_X)) == (PF_R | PF_X)) {
                    static_cast<comparison*>(data)->walk(
                        {reinterpret_cast<const std::uint8_t*>(info->dlpi_addr + segment.p_vaddr), segment.p_memsz});
                }
            }
            return 0;
        },
        &result);
    expect(result, 500'000);
}

/// The executable segments of an ELF file, at most `limit` bytes. Empty if the file does not exist.
bytes text_of(const std::string& name, std::size_t limit) {
    bytes text;
    const elf_file file{name};
    for (const auto& segment : file.segments()) {
        if (segment.executable) {
            const auto part = segment.bytes.first(std::min(segment.bytes.size(), limit - text.size()));
            text.insert(text.end(), part.begin(), part.end());
        }
    }
    return text;
}

TEST(x86_length, text_of_large_files) {
    comparison result;
    bool any = false;
    for (const auto* name : {"/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/usr/lib/x86_64-linux-gnu/libgmp.so.10",
                             "/usr/lib/x86_64-linux-gnu/libLLVM.so.19.1", "/usr/bin/python3", "/bin/bash"}) {
        const auto text = text_of(name, 16 << 20);
        result.walk(text);
        any = any || !text.empty();
    }
    if (!any) {
        GTEST_SKIP() << "none of the files is here";
    }
    expect(result, 100'000);
}

// ---- Every opcode.

const std::vector<bytes> prefixes{{},           {0x66},       {0xf2},       {0xf3},      {0x48},
                                  {0x66, 0x48}, {0x67},       {0x48, 0x66}, {0x41},      {0x66, 0xf2},
                                  {0x66, 0x67}, {0x2e, 0x3e}, {0x26, 0x36}, {0xf0, 0x64}};

/// Registers, and memory with each kind of displacement: [rax], [rip + disp32], disp8, disp32, and a SIB byte; the
/// bytes after it choose.
constexpr std::array<std::uint8_t, 20> operands{0x00, 0x05, 0x0d, 0x10, 0x04, 0x0c, 0x3c, 0x40, 0x45, 0x44,
                                                0x6c, 0x80, 0x85, 0x84, 0xbc, 0xc0, 0xc8, 0xd4, 0xed, 0xf8};
/// No base, a base of rbp, others.
constexpr std::array<std::uint8_t, 6> sibs{0x25, 0x05, 0x6d, 0x24, 0xa5, 0x4b};

/// `start`, then operands of all kinds, to the longest that an instruction may be.
void compare_operands(comparison& result, const bytes& start) {
    std::array<std::uint8_t, 24> buffer{};
    std::ranges::fill(buffer, std::uint8_t{0x11});
    std::ranges::copy(start, buffer.begin());
    for (const auto modrm : operands) {
        buffer.at(start.size()) = modrm;
        for (const auto sib : sibs) {
            buffer.at(start.size() + 1) = sib;
            (void)result(buffer.data(), buffer.size());
            if ((modrm & 7U) != 4 || modrm >= 0xc0) {
                break;
            }
        }
    }
}

TEST(x86_length, every_legacy_opcode) {
    comparison result;
    for (const auto& escape : std::initializer_list<bytes>{{}, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}}) {
        for (unsigned opcode = 0; opcode < 256; ++opcode) {
            for (const auto& prefix : prefixes) {
                compare_operands(result, joined({prefix, escape, {static_cast<std::uint8_t>(opcode)}}));
            }
        }
    }
    expect(result, 200'000);
}

TEST(x86_length, every_three_d_now_opcode) {
    comparison result;
    for (const auto& operand :
         std::initializer_list<bytes>{{0xc1}, {0x01}, {0x41, 0x22}, {0x44, 0x24, 0x08}, {0x05, 1, 2, 3, 4}}) {
        for (unsigned opcode = 0; opcode < 256; ++opcode) {
            const auto all = joined({{0x0f, 0x0f}, operand, {static_cast<std::uint8_t>(opcode)}});
            (void)result(all.data(), all.size());
        }
    }
    expect(result, 100);
}

TEST(x86_length, every_vex_opcode) {
    comparison result;
    for (unsigned opcode = 0; opcode < 256; ++opcode) {
        for (unsigned last = 0; last < 256; ++last) {
            if ((last & 0x38U) == 0x38 || (last & 0x38U) == 0x10) { // vvvv: 1111 is none, some register
                const auto w_vvvv_l_pp = static_cast<std::uint8_t>(last);
                compare_operands(result, {0xc5, w_vvvv_l_pp, static_cast<std::uint8_t>(opcode)});
                for (const unsigned map : {0xe0U, 0xe1U, 0xe2U, 0xe3U, 0xe4U, 0x41U, 0xe7U, 0xffU}) {
                    compare_operands(
                        result, {0xc4, static_cast<std::uint8_t>(map), w_vvvv_l_pp, static_cast<std::uint8_t>(opcode)});
                }
            }
        }
    }
    expect(result, 100'000);
}

TEST(x86_length, every_evex_opcode) {
    comparison result;
    for (unsigned opcode = 0; opcode < 256; ++opcode) {
        for (const unsigned map : {0xf1U, 0xf2U, 0xf3U, 0xf5U, 0xf6U, 0x61U, 0xf0U, 0xf4U, 0xf7U}) {
            for (const unsigned w_vvvv_pp : {0x7cU, 0x7dU, 0x7eU, 0x7fU, 0xfcU, 0xfdU, 0xfeU, 0xffU, 0x3dU, 0xb5U}) {
                for (const unsigned z_ll_b_aaa : {0x08U, 0x28U, 0x48U, 0x18U, 0x49U}) {
                    compare_operands(result,
                                     {0x62, static_cast<std::uint8_t>(map), static_cast<std::uint8_t>(w_vvvv_pp),
                                      static_cast<std::uint8_t>(z_ll_b_aaa), static_cast<std::uint8_t>(opcode)});
                }
            }
        }
    }
    expect(result, 100'000);
}

TEST(x86_length, every_xop_opcode_and_pop) {
    comparison result;
    for (unsigned opcode = 0; opcode < 256; ++opcode) {
        for (unsigned map = 0; map < 32; ++map) {
            for (const unsigned w_vvvv_l_pp : {0x78U, 0x7cU, 0xf8U, 0xfcU, 0x38U}) {
                compare_operands(result, {0x8f, static_cast<std::uint8_t>(0xe0U | map),
                                          static_cast<std::uint8_t>(w_vvvv_l_pp), static_cast<std::uint8_t>(opcode)});
            }
        }
    }
    for (unsigned modrm = 0; modrm < 256; ++modrm) {
        const bytes pop{0x8f, static_cast<std::uint8_t>(modrm), 0x25, 1, 2, 3, 4};
        (void)result(pop.data(), pop.size());
    }
    expect(result, 5'000);
}

// ---- Random bytes.

TEST(x86_length, random_bytes) {
    comparison result;
    std::mt19937_64 random{20240229};
    std::array<std::uint8_t, 16> buffer{};
    const std::array<bytes, 12> starts{
        {{}, {}, {0x66}, {0xf2}, {0x48}, {0x67}, {0x0f}, {0x66, 0x0f}, {0x0f, 0x3a}, {0xc4}, {0x62}, {0x8f}}};
    for (unsigned round = 0; round < 6'000'000; ++round) {
        const std::array<std::uint64_t, 2> words{random(), random()};
        std::memcpy(buffer.data(), words.data(), sizeof words);
        std::ranges::copy(starts.at(round % starts.size()), buffer.begin());
        (void)result(buffer.data(), buffer.size());
    }
    expect(result, 3'000'000);
}

/// Prefixes in any number and order.
TEST(x86_length, random_prefixes) {
    comparison result;
    std::mt19937 random{1};
    constexpr std::array<std::uint8_t, 28> some{0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x2e, 0x36, 0x3e, 0x26, 0x64,
                                                0x65, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48,
                                                0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f, 0x66};
    std::array<std::uint8_t, 24> buffer{};
    for (unsigned round = 0; round < 1'000'000; ++round) {
        for (auto& byte : buffer) {
            byte = static_cast<std::uint8_t>(random());
        }
        const auto count = random() % 7;
        for (unsigned i = 0; i < count; ++i) {
            buffer.at(i) = some.at(random() % some.size());
        }
        if ((round & 1U) != 0) {
            buffer.at(count) = 0x0f;
        }
        (void)result(buffer.data(), buffer.size());
    }
    expect(result, 200'000);
}

// ---- By hand.

struct known {
    bytes code;
    unsigned length; ///< without the bytes that follow
    const char* text;
};

const std::vector<known> instructions{
    {{0x90}, 1, "nop"},
    {{0xc3}, 1, "ret"},
    {{0xc2, 0x08, 0x00}, 3, "ret 8"},
    {{0xcc}, 1, "int3"},
    {{0xf3, 0x0f, 0x1e, 0xfa}, 4, "endbr64"},
    {{0xe8, 1, 2, 3, 4}, 5, "call rel32"},
    {{0xe9, 1, 2, 3, 4}, 5, "jmp rel32"},
    {{0xeb, 1}, 2, "jmp rel8"},
    {{0x0f, 0x84, 1, 2, 3, 4}, 6, "je rel32"},
    {{0x3e, 0x74, 1}, 3, "ds je rel8"},
    {{0xff, 0x15, 1, 2, 3, 4}, 6, "call [rip + disp32]"},
    {{0x3e, 0xff, 0xe0}, 3, "notrack jmp rax"},
    {{0x66, 0x66, 0x48, 0xe8, 1, 2, 3, 4}, 8, "data16 data16 rex.W call: general dynamic TLS"},
    {{0x66, 0x48, 0x8d, 0x3d, 1, 2, 3, 4}, 8, "data16 lea rdi, [rip + disp32]: general dynamic TLS"},
    {{0x48, 0x8d, 0x05, 1, 2, 3, 4}, 7, "lea rax, [rip + disp32]"},
    {{0x48, 0x8b, 0x04, 0x25, 1, 2, 3, 4}, 8, "mov rax, [disp32]"},
    {{0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0, 0, 0}, 9, "mov rax, fs:[0x28]"},
    {{0x48, 0x8b, 0x44, 0x24, 0x08}, 5, "mov rax, [rsp + 8]"},
    {{0x42, 0x8b, 0x84, 0x05, 1, 2, 3, 4}, 8, "mov eax, [rbp + r8 + disp32]"},
    {{0x8b, 0x04, 0x85, 1, 2, 3, 4}, 7, "mov eax, [rax*4 + disp32]"},
    {{0x8b, 0x45, 0x00}, 3, "mov eax, [rbp]"},
    {{0x41, 0x8b, 0x45, 0x00}, 4, "mov eax, [r13]"},
    {{0xb8, 1, 2, 3, 4}, 5, "mov eax, imm32"},
    {{0x66, 0xb8, 1, 2}, 4, "mov ax, imm16"},
    {{0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8}, 10, "movabs rax, imm64"},
    {{0x66, 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8}, 11, "data16 movabs rax, imm64"},
    {{0x48, 0x66, 0xb8, 1, 2}, 5, "mov ax, imm16, of a REX that does not count"},
    {{0x48, 0xc7, 0xc0, 1, 2, 3, 4}, 7, "mov rax, simm32"},
    {{0x66, 0xc7, 0x05, 1, 2, 3, 4, 5, 6}, 9, "mov word ptr [rip + disp32], imm16"},
    {{0xc6, 0x05, 1, 2, 3, 4, 5}, 7, "mov byte ptr [rip + disp32], imm8"},
    {{0xa1, 1, 2, 3, 4, 5, 6, 7, 8}, 9, "movabs eax, [address]"},
    {{0x66, 0xa1, 1, 2, 3, 4, 5, 6, 7, 8}, 10, "movabs ax, [address]"},
    {{0x48, 0xa3, 1, 2, 3, 4, 5, 6, 7, 8}, 10, "movabs [address], rax"},
    {{0x67, 0xa1, 1, 2, 3, 4}, 6, "mov eax, [address32]"},
    {{0x67, 0x8d, 0x04, 0x08}, 4, "lea eax, [eax + ecx]"},
    {{0xc8, 0x10, 0x00, 0x01}, 4, "enter 16, 1"},
    {{0x68, 1, 2, 3, 4}, 5, "push imm32"},
    {{0x66, 0x68, 1, 2}, 4, "push imm16"},
    {{0x6a, 1}, 2, "push imm8"},
    {{0x8f, 0x04, 0x24}, 3, "pop [rsp]"},
    {{0x8f, 0xc0}, 2, "pop rax, long"},
    {{0xa8, 1}, 2, "test al, imm8"},
    {{0x66, 0xa9, 1, 2}, 4, "test ax, imm16"},
    {{0xf6, 0xc1, 1}, 3, "test cl, imm8"},
    {{0xf6, 0x44, 0x24, 0x08, 1}, 5, "test byte ptr [rsp + 8], imm8"},
    {{0xf6, 0xc9, 1}, 3, "test cl, imm8, of the alias /1"},
    {{0xf6, 0xd9}, 2, "neg cl"},
    {{0xf7, 0xc1, 1, 2, 3, 4}, 6, "test ecx, imm32"},
    {{0x66, 0xf7, 0xc1, 1, 2}, 5, "test cx, imm16"},
    {{0x48, 0xf7, 0xc1, 1, 2, 3, 4}, 7, "test rcx, simm32"},
    {{0x66, 0x48, 0xf7, 0xc1, 1, 2, 3, 4}, 8, "data16 test rcx, simm32"},
    {{0x48, 0xf7, 0x35, 1, 2, 3, 4}, 7, "div qword ptr [rip + disp32]"},
    {{0x66, 0x81, 0xc1, 1, 2}, 5, "add cx, imm16"},
    {{0x26, 0x81, 0xc1, 1, 2, 3, 4}, 7, "es add ecx, imm32"},
    {{0x66, 0x26, 0x81, 0xc1, 1, 2}, 6, "es add cx, imm16"},
    {{0x48, 0x83, 0xec, 0x08}, 4, "sub rsp, 8"},
    {{0x69, 0xc0, 1, 2, 3, 4}, 6, "imul eax, eax, imm32"},
    {{0xc7, 0xf8, 1, 2, 3, 4}, 6, "xbegin rel32"},
    {{0xc6, 0xf8, 1}, 3, "xabort imm8"},
    {{0xf0, 0x48, 0x0f, 0xb1, 0x0f}, 5, "lock cmpxchg [rdi], rcx"},
    {{0x0f, 0x05}, 2, "syscall"},
    {{0x0f, 0x0b}, 2, "ud2"},
    {{0x0f, 0xb9, 0x40, 0x02}, 4, "ud1 eax, [rax + 2]"},
    {{0x67, 0x0f, 0xb9, 0x40, 0x02}, 5, "ud1 eax, [eax + 2]: how Clang traps"},
    {{0x0f, 0xa2}, 2, "cpuid"},
    {{0x0f, 0xba, 0xe0, 1}, 4, "bt eax, imm8"},
    {{0x0f, 0x20, 0xd8}, 3, "mov rax, cr3"},
    {{0x0f, 0x22, 0x1c}, 3, "mov cr3, rsp, with a ModRM that elsewhere means a SIB"},
    {{0x0f, 0x01, 0xca}, 3, "clac"},
    {{0x0f, 0x78, 0xc7}, 3, "vmread rdi, rax"},
    {{0x0f, 0x78, 0x07}, 3, "vmread [rdi], rax"},
    {{0x66, 0x0f, 0x78, 0xc0, 1, 2}, 6, "extrq xmm0, imm8, imm8"},
    {{0xf2, 0x0f, 0x78, 0xc1, 1, 2}, 6, "insertq xmm0, xmm1, imm8, imm8"},
    {{0x0f, 0x0f, 0xc1, 0x9e}, 4, "pfadd mm0, mm1"},
    {{0x0f, 0x0f, 0x47, 0x08, 0x9e}, 5, "pfadd mm0, [rdi + 8]"},
    {{0x66, 0x0f, 0x70, 0xc0, 1}, 5, "pshufd xmm0, xmm0, imm8"},
    {{0xf2, 0x48, 0x0f, 0x38, 0xf1, 0x07}, 6, "crc32 rax, qword ptr [rdi]"},
    {{0x66, 0x0f, 0x3a, 0x0f, 0xc1, 8}, 6, "palignr xmm0, xmm1, imm8"},
    {{0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0}, 9, "nop of nine bytes"},
    {{0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0}, 10, "nop of ten bytes"},
    {{0x66, 0x66, 0x66, 0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0}, 14, "nop of fourteen bytes"},
    {{0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0}, 15, "nop of fifteen bytes"},
    {{0xc5, 0xf8, 0x77}, 3, "vzeroupper"},
    {{0xc5, 0xfc, 0x28, 0x05, 1, 2, 3, 4}, 8, "vmovaps ymm0, [rip + disp32]"},
    {{0xc5, 0xf9, 0x70, 0xc0, 1}, 5, "vpshufd xmm0, xmm0, imm8"},
    {{0xc5, 0xfb, 0x92, 0xc8}, 4, "kmovd k1, eax"},
    {{0xc4, 0xe1, 0xfb, 0x92, 0xc8}, 5, "kmovq k1, rax"},
    {{0xc4, 0xe2, 0x7d, 0x58, 0x44, 0x24, 0x08}, 7, "vpbroadcastd ymm0, [rsp + 8]"},
    {{0xc4, 0xe3, 0x75, 0x38, 0xc0, 1}, 6, "vinserti128 ymm0, ymm1, xmm0, imm8"},
    {{0xc4, 0xe3, 0xfb, 0xf0, 0xc0, 5}, 6, "rorx rax, rax, imm8"},
    {{0xc4, 0xe7, 0x7b, 0xf8, 0xc0, 1, 2, 3, 4}, 9, "urdmsr rax, imm32"},
    {{0x62, 0xf1, 0x7c, 0x48, 0x28, 0x47, 0x01}, 7, "vmovaps zmm0, [rdi + 64]"},
    {{0x62, 0xf1, 0x7c, 0x48, 0x28, 0x05, 1, 2, 3, 4}, 10, "vmovaps zmm0, [rip + disp32]"},
    {{0x62, 0xf1, 0x7c, 0x48, 0xc2, 0xc8, 1}, 7, "vcmpps k1, zmm0, zmm0, imm8"},
    {{0x62, 0xf1, 0x7c, 0x48, 0x78, 0xc0}, 6, "vcvttps2udq zmm0, zmm0: no immediate, unlike extrq"},
    {{0x62, 0xf1, 0x7f, 0x48, 0x7a, 0xc0}, 6, "vcvtudq2ps zmm0, zmm0"},
    {{0x62, 0xf3, 0x75, 0x48, 0x25, 0xc0, 0xff}, 7, "vpternlogd zmm0, zmm1, zmm0, imm8"},
    {{0x62, 0xf2, 0x7d, 0x49, 0x90, 0x04, 0x85, 1, 2, 3, 4}, 11, "vpgatherdd zmm0 {k1}, [zmm0*4 + disp32]"},
    {{0x62, 0xf5, 0x7c, 0x48, 0x58, 0xc0}, 6, "vaddph zmm0, zmm0, zmm0"},
    {{0x62, 0xf6, 0x7d, 0x48, 0x98, 0xc0}, 6, "vfmadd132ph zmm0, zmm0, zmm0"},
    {{0x8f, 0xe8, 0x78, 0xc0, 0xc0, 1}, 6, "vprotb xmm0, xmm0, imm8"},
    {{0x8f, 0xe9, 0x78, 0x90, 0xc0}, 5, "vprotb xmm0, xmm0, xmm0"},
    {{0x8f, 0xea, 0x78, 0x10, 0xc0, 1, 2, 3, 4}, 9, "bextr eax, eax, imm32"},
};

TEST(x86_length, known_instructions) {
    for (const auto& [code, length, text] : instructions) {
        ASSERT_EQ(code.size(), length) << text;
        EXPECT_EQ(instruction_length(code.data(), code.size()), length) << text;
        auto longer = code;
        longer.resize(32, 0xcc);
        EXPECT_EQ(instruction_length(longer.data(), longer.size()), length) << text << ", and more bytes";
    }
}

TEST(x86_length, unknown_instructions) {
    const auto check = [](bytes code) {
        const auto size = code.size();
        code.resize(32, 0x11);
        EXPECT_EQ(instruction_length(code.data(), code.size()), 0U) << hex(code.data(), size);
    };
    // Not in 64-bit mode (SDM, tables ).
    const bytes one_byte{0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x27, 0x2f, 0x37,
                         0x3f, 0x60, 0x61, 0x82, 0x9a, 0xce, 0xd4, 0xd5, 0xd6, 0xea};
    const bytes after_0f{0x04, 0x0a, 0x0c, 0x24, 0x25, 0x26, 0x27, 0x36, 0x39, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f};
    for (const auto& prefix : prefixes) {
        for (const auto opcode : one_byte) {
            check(joined({prefix, {opcode}}));
        }
        for (const auto opcode : after_0f) {
            check(joined({prefix, {0x0f, opcode}}));
        }
    }
    // Of contested length.
    check({0x66, 0xe8});
    check({0x66, 0xe9});
    check({0x48, 0x66, 0xe8});
    check({0x66, 0x41, 0xe9});
    for (std::uint8_t opcode = 0x80; opcode < 0x90; ++opcode) {
        check({0x66, 0x0f, opcode});
    }
    // Maps that do not exist.
    for (unsigned map = 0; map < 32; ++map) {
        if (map == 0 || map == 4 || map > 10) {
            check({0xc4, static_cast<std::uint8_t>(0xe0U | map), 0x78, 0x28, 0xc0});
        }
        if (map > 10) {
            check({0x8f, static_cast<std::uint8_t>(0xe0U | map), 0x78, 0xc0, 0xc0});
        }
    }
    check({0x62, 0xf0, 0x7c, 0x48, 0x28, 0xc0});
    check({0x62, 0xf4, 0x7c, 0x48, 0x28, 0xc0});
    // Longer than 15 bytes.
    const bytes nop{0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0};
    const auto fifteen = joined({bytes(7, 0x66), nop});
    const auto sixteen = joined({bytes(8, 0x66), nop});
    EXPECT_EQ(instruction_length(fifteen.data(), fifteen.size()), 15U);
    EXPECT_EQ(instruction_length(sixteen.data(), sixteen.size()), 0U);
    const bytes endless(64, 0x66);
    EXPECT_EQ(instruction_length(endless.data(), endless.size()), 0U);
}

// ---- The end of the readable bytes.

/// Bytes before a page that faults.
class fenced {
public:
    fenced() {
        const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        auto* const pages = mmap(nullptr, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (pages == MAP_FAILED) {
            throw std::system_error{errno, std::generic_category(), "mmap"};
        }
        start_ = static_cast<std::uint8_t*>(pages);
        size_ = size;
        if (mprotect(start_ + size, size, PROT_NONE) != 0) {
            throw std::system_error{errno, std::generic_category(), "mprotect"};
        }
    }
    fenced(const fenced&) = delete;
    fenced& operator=(const fenced&) = delete;
    fenced(fenced&&) = delete;
    fenced& operator=(fenced&&) = delete;
    ~fenced() { munmap(start_, 2 * size_); }

    /// A copy that ends where the page does.
    const std::uint8_t* place(std::span<const std::uint8_t> code) {
        return static_cast<const std::uint8_t*>(std::memcpy(start_ + size_ - code.size(), code.data(), code.size()));
    }

private:
    std::uint8_t* start_ = nullptr;
    std::size_t size_ = 0;
};

void expect_nothing_shorter(fenced& fence, std::span<const std::uint8_t> code) {
    EXPECT_EQ(instruction_length(fence.place(code), code.size()), code.size()) << hex(code.data(), code.size());
    for (std::size_t available = 0; available < code.size(); ++available) {
        const auto some = code.first(available);
        ASSERT_EQ(instruction_length(fence.place(some), available), 0U)
            << hex(some.data(), available) << ", the start of " << hex(code.data(), code.size());
    }
}

TEST(x86_length, truncated_instructions) {
    fenced fence;
    for (const auto& each : instructions) {
        expect_nothing_shorter(fence, each.code);
    }
    // No byte is read too many of random ones either.
    std::mt19937_64 random{7};
    std::array<std::uint8_t, 16> buffer{};
    unsigned valid = 0;
    for (unsigned round = 0; round < 200'000; ++round) {
        const std::array<std::uint64_t, 2> words{random(), random()};
        std::memcpy(buffer.data(), words.data(), sizeof words);
        buffer.at(0) = round % 3 == 0 ? 0x0f : buffer.at(0);
        if (const auto length = instruction_length(buffer.data(), buffer.size()); length != 0) {
            expect_nothing_shorter(fence, std::span{buffer}.first(length));
            ++valid;
        }
    }
    EXPECT_GT(valid, 100'000U);
}

} // namespace
// NOLINTEND(*-avoid-magic-numbers)
