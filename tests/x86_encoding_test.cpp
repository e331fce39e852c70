// SPDX-License-Identifier: BSL-1.0
//
// Every encoder of arch/x86/insn.hpp against GNU as, and its statements about registers against Zydis.
//
// How it works. Encoders are consteval, so each runs at compile time, over all registers (and a choice of memory
// operands and immediates). The result is a table of bytes. The assembler translates the same instructions as text,
// each into a separate slot; its length goes into a second section. The test compares bytes and lengths. Environment:
// AS and OBJCOPY name other tools than "as" and "objcopy".
//
// Zydis decodes each code of one instruction. Its registers must be those that the code states (zydis_registers.hpp has
// the exceptions). Its name must be the name that messages show (mnemonics.hpp).
#include "zydis_registers.hpp"

#include "inlay/arch/x86/insn.hpp"
#include "inlay/arch/x86/mnemonics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <unistd.h>

namespace {

using namespace inlay::x86::insn;
namespace insn = inlay::x86::insn;

int variable;
void function() {}
void (*slot)() = function;

// ---- Codes and their texts.

/// The bytes of a code, small: the test has thousands.
struct sample {
    std::uint8_t length{}; ///< 0: no such instruction
    std::uint8_t instructions{};
    std::uint8_t bytes[18]{};
    inlay::touched touched{};

    sample() = default;
    // NOLINTNEXTLINE(google-explicit-constructor)
    constexpr sample(const inlay::machine_code& code)
        : length{code.length}, instructions{static_cast<std::uint8_t>(std::popcount(code.boundaries))},
          touched{code.reads_mask, code.writes_mask} {
        for (unsigned i = 0; i < code.length; ++i) {
            bytes[i] = code.byte(i);
        }
    }
};

/// A code, and the text from which GNU as should make the same bytes. Several instructions have several lines.
struct listing {
    sample code;
    const char* text;
};

constexpr std::array<const char*, 16> names64{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                              "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
constexpr std::array<const char*, 16> names32{"eax", "ecx", "edx",  "ebx",  "esp",  "ebp",  "esi",  "edi",
                                              "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"};
constexpr std::array<const char*, 16> names16{"ax",  "cx",  "dx",   "bx",   "sp",   "bp",   "si",   "di",
                                              "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w"};
constexpr std::array<const char*, 16> names8{"al",  "cl",  "dl",   "bl",   "spl",  "bpl",  "sil",  "dil",
                                             "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b"};

std::string text(reg64 r) { return names64.at(r.number); }
std::string text(reg32 r) { return names32.at(r.number); }
std::string text(reg16 r) { return names16.at(r.number); }
std::string text(reg8 r) { return names8.at(r.number); }
std::string text(control_register r) { return "cr" + std::to_string(r.number); }
std::string text(debug_register r) { return "dr" + std::to_string(r.number); }
std::string text(condition c) {
    constexpr std::array<const char*, 16> names{"o", "no", "b", "ae", "e", "ne", "be", "a",
                                                "s", "ns", "p", "np", "l", "ge", "le", "g"};
    return names.at(static_cast<std::size_t>(c));
}
std::string text(std::int64_t value) { return std::to_string(value); }
std::string text(const mem& m) {
    std::string out = "[" + text(m.base);
    if (m.scale != 0) {
        out += " + " + text(m.index) + "*" + std::to_string(m.scale);
    }
    if (m.displacement != 0) {
        out += (m.displacement < 0 ? " - " : " + ") + std::to_string(std::abs(std::int64_t{m.displacement}));
    }
    return out + "]";
}

/// `pattern` with the first '$' replaced by `a`, the second by `b`.
std::string filled(std::string pattern, const std::string& a, const std::string& b = "") {
    for (const auto* operand : {&a, &b}) {
        if (const auto at = pattern.find('$'); at != std::string::npos) {
            pattern.replace(at, 1, *operand);
        }
    }
    return pattern;
}

std::string hex(const std::uint8_t* bytes, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        char two[4];
        std::snprintf(two, sizeof two, i == 0 ? "%02x" : " %02x", bytes[i]);
        out += two;
    }
    return out;
}

// ---- Mnemonics.

using inlay::shown::instruction;

/// The name of an enumerator, as compilers print it.
template <instruction Value>
std::string name_of() {
    const std::string_view function = __PRETTY_FUNCTION__;
    const auto from = function.rfind("instruction::") + std::string_view{"instruction::"}.size();
    const auto to = function.find_first_of(";]", from);
    return std::string{function.substr(from, to - from)};
}
template <std::size_t... Values>
std::array<std::string, sizeof...(Values)> make_names(std::index_sequence<Values...> /*of*/) {
    return {name_of<static_cast<instruction>(Values)>()...};
}

/// The manual's name for a function of insn.hpp that makes one instruction.
std::string mnemonic_of(instruction what) {
    static const auto names = make_names(std::make_index_sequence<static_cast<std::size_t>(instruction::jcc) + 1>{});
    std::string name = names.at(static_cast<std::size_t>(what));
    for (const char* const before : {"lock_", "rep_", "repe_", "repne_"}) {
        if (name.starts_with(before)) {
            name.erase(0, std::string_view{before}.size());
            break;
        }
    }
    if (name.ends_with('_')) {
        name.pop_back();
    }
    for (const char* const string : {"movsl", "stosl", "lodsl", "cmpsl", "scasl"}) {
        if (name == string) {
            name.back() = 'd';
        }
    }
    if (name == "pushf" || name == "popf") {
        name += 'q';
    } else if (name == "inw" || name == "inl") {
        name = "in";
    } else if (name == "outw" || name == "outl") {
        name = "out";
    } else if (name == "sysretq") {
        name = "sysret";
    }
    return name;
}

// ---- Operands.

template <class Register>
consteval std::array<Register, 16> all() {
    std::array<Register, 16> out{};
    for (std::uint8_t i = 0; i < 16; ++i) {
        out[i] = Register{i};
    }
    return out;
}
template <>
consteval std::array<control_register, 16> all() {
    // Five exist; the table stays rectangular.
    return {cr0, cr2, cr3, cr4, cr8, cr0, cr2, cr3, cr4, cr8, cr0, cr2, cr3, cr4, cr8, cr0};
}

template <>
consteval std::array<debug_register, 16> all() {
    return {dr0, dr1, dr2, dr3, dr6, dr7, dr0, dr1, dr2, dr3, dr6, dr7, dr0, dr1, dr2, dr3};
}

consteval auto conditions() {
    std::array<condition, 16> out{};
    for (std::uint8_t i = 0; i < 16; ++i) {
        out[i] = condition{i};
    }
    return out;
}

/// Each base, with displacements around the limits of each size.
consteval auto bases_and_displacements() {
    constexpr std::int64_t displacements[] = {0, 1, 127, 128, -128, -129, 0x7fffffff, -0x80000000LL};
    std::array<mem, 16 * std::size(displacements)> out{};
    std::size_t n = 0;
    for (const auto base : all<reg64>()) {
        for (const auto displacement : displacements) {
            out[n++] = ptr(base, displacement);
        }
    }
    return out;
}

/// Each base with each index: rsp is none.
consteval auto bases_and_indices(unsigned scale, std::int64_t displacement) {
    std::array<mem, 16 * 15> out{};
    std::size_t n = 0;
    for (const auto base : all<reg64>()) {
        for (const auto index : all<reg64>()) {
            if (index != rsp) {
                out[n++] = ptr(base, index, scale, displacement);
            }
        }
    }
    return out;
}

/// Each kind of memory operand once, to combine with all registers.
consteval auto each_kind_of_memory() {
    return std::array<mem, 10>{ptr(rax),
                               ptr(rbp),
                               ptr(r13),
                               ptr(rsp, 8),
                               ptr(r12),
                               ptr(r9, 0x1000),
                               ptr(rbx, r9, 4),
                               ptr(r9, rbx, 8, -200),
                               ptr(r12, r12, 1, 16),
                               ptr(rbp, rax, 2)};
}

consteval auto immediates_of_32_bits() {
    return std::array<std::int64_t, 10>{0, 1, 8, -1, 127, 128, -128, -129, 0x7fffffff, -0x80000000LL};
}

// ---- The encoders as types. (Each is a set of overloads; only the preprocessor can take it by name. Clang 14 has no
// generic consteval lambdas.)

namespace encode {

#define INLAY_TEST_ENCODER(name)                                                                                       \
    struct name {                                                                                                      \
        template <class... Operands>                                                                                   \
        consteval auto operator()(Operands... operands) const {                                                        \
            return insn::name(operands...);                                                                            \
        }                                                                                                              \
    };
INLAY_TEST_ENCODER(push)
INLAY_TEST_ENCODER(pop)
INLAY_TEST_ENCODER(rdpid)
INLAY_TEST_ENCODER(rdfsbase)
INLAY_TEST_ENCODER(rdgsbase)
INLAY_TEST_ENCODER(wrfsbase)
INLAY_TEST_ENCODER(wrgsbase)
INLAY_TEST_ENCODER(call)
INLAY_TEST_ENCODER(jmp)
INLAY_TEST_ENCODER(rdrand)
INLAY_TEST_ENCODER(rdseed)
INLAY_TEST_ENCODER(bswap)
INLAY_TEST_ENCODER(neg)
INLAY_TEST_ENCODER(not_)
INLAY_TEST_ENCODER(inc)
INLAY_TEST_ENCODER(dec)
INLAY_TEST_ENCODER(mov)
INLAY_TEST_ENCODER(movzx)
INLAY_TEST_ENCODER(add)
INLAY_TEST_ENCODER(or_)
INLAY_TEST_ENCODER(and_)
INLAY_TEST_ENCODER(sub)
INLAY_TEST_ENCODER(xor_)
INLAY_TEST_ENCODER(cmp)
INLAY_TEST_ENCODER(test)
INLAY_TEST_ENCODER(imul)
INLAY_TEST_ENCODER(popcnt)
INLAY_TEST_ENCODER(lzcnt)
INLAY_TEST_ENCODER(tzcnt)
INLAY_TEST_ENCODER(bsf)
INLAY_TEST_ENCODER(bsr)
INLAY_TEST_ENCODER(crc32)
INLAY_TEST_ENCODER(shl)
INLAY_TEST_ENCODER(shr)
INLAY_TEST_ENCODER(sar)
INLAY_TEST_ENCODER(lea)
INLAY_TEST_ENCODER(movbe)
INLAY_TEST_ENCODER(lock_cmpxchg)
INLAY_TEST_ENCODER(lock_xadd)
INLAY_TEST_ENCODER(xchg)
INLAY_TEST_ENCODER(invlpg)
INLAY_TEST_ENCODER(lgdt)
INLAY_TEST_ENCODER(lidt)
INLAY_TEST_ENCODER(sgdt)
INLAY_TEST_ENCODER(sidt)
INLAY_TEST_ENCODER(clflush)
INLAY_TEST_ENCODER(clflushopt)
INLAY_TEST_ENCODER(clwb)
INLAY_TEST_ENCODER(prefetchnta)
INLAY_TEST_ENCODER(prefetcht0)
INLAY_TEST_ENCODER(prefetcht1)
INLAY_TEST_ENCODER(prefetcht2)
INLAY_TEST_ENCODER(prefetchw)
INLAY_TEST_ENCODER(xsave)
INLAY_TEST_ENCODER(xsave64)
INLAY_TEST_ENCODER(xsaveopt)
INLAY_TEST_ENCODER(xsaveopt64)
INLAY_TEST_ENCODER(xsavec)
INLAY_TEST_ENCODER(xsavec64)
INLAY_TEST_ENCODER(xsaves)
INLAY_TEST_ENCODER(xsaves64)
INLAY_TEST_ENCODER(xrstor)
INLAY_TEST_ENCODER(xrstor64)
INLAY_TEST_ENCODER(xrstors)
INLAY_TEST_ENCODER(xrstors64)
INLAY_TEST_ENCODER(fxsave)
INLAY_TEST_ENCODER(fxsave64)
INLAY_TEST_ENCODER(fxrstor)
INLAY_TEST_ENCODER(fxrstor64)
INLAY_TEST_ENCODER(rstorssp)
INLAY_TEST_ENCODER(clrssbsy)
INLAY_TEST_ENCODER(cmpxchg8b)
INLAY_TEST_ENCODER(lock_cmpxchg8b)
INLAY_TEST_ENCODER(cmpxchg16b)
INLAY_TEST_ENCODER(lock_cmpxchg16b)
INLAY_TEST_ENCODER(verw)
INLAY_TEST_ENCODER(incsspd)
INLAY_TEST_ENCODER(incsspq)
INLAY_TEST_ENCODER(rdsspd)
INLAY_TEST_ENCODER(rdsspq)
INLAY_TEST_ENCODER(umonitor)
INLAY_TEST_ENCODER(umwait)
INLAY_TEST_ENCODER(tpause)
INLAY_TEST_ENCODER(bt)
INLAY_TEST_ENCODER(bts)
INLAY_TEST_ENCODER(btr)
INLAY_TEST_ENCODER(btc)
INLAY_TEST_ENCODER(lsl)
INLAY_TEST_ENCODER(invpcid)
INLAY_TEST_ENCODER(invept)
INLAY_TEST_ENCODER(invvpid)
INLAY_TEST_ENCODER(wrssd)
INLAY_TEST_ENCODER(wrssq)
INLAY_TEST_ENCODER(wrussd)
INLAY_TEST_ENCODER(wrussq)
INLAY_TEST_ENCODER(movb)
INLAY_TEST_ENCODER(movl)
INLAY_TEST_ENCODER(lock_add)
#undef INLAY_TEST_ENCODER

struct lea_rdi {
    consteval auto operator()(mem from) const { return insn::lea(rdi, from); }
};
struct lea_r9 {
    consteval auto operator()(mem from) const { return insn::lea(r9, from); }
};
struct lea_rip {
    consteval auto operator()(reg64 to) const { return insn::lea(to, rip<&variable>); }
};
struct load_rip {
    template <class Register>
    consteval auto operator()(Register to) const {
        return insn::mov(to, rip<&variable>);
    }
};
struct store_rip {
    template <class Register>
    consteval auto operator()(Register from) const {
        return insn::mov(rip<&variable>, from);
    }
};

struct skip_if_nop {
    consteval auto operator()(condition when) const { return skip_if(when, nop()); }
};

} // namespace encode

// ---- The tables: an encoder over operands.

template <class Encoder, auto As>
consteval auto encoded() {
    std::array<sample, As.size()> out{};
    for (std::size_t i = 0; i < As.size(); ++i) {
        out[i] = Encoder{}(As[i]);
    }
    return out;
}

/// `Skip` is one of As that does not combine with all of Bs; its row stays empty.
template <class Encoder, auto As, auto Bs, std::size_t Skip>
consteval auto encoded() {
    std::array<sample, As.size() * Bs.size()> out{};
    for (std::size_t i = 0; i < As.size(); ++i) {
        for (std::size_t j = 0; j < Bs.size(); ++j) {
            if (i != Skip) {
                out[i * Bs.size() + j] = Encoder{}(As[i], Bs[j]);
            }
        }
    }
    return out;
}

class x86_encoding : public testing::Test {
protected:
    struct entry {
        std::string text;
        std::vector<std::uint8_t> bytes;
        inlay::touched touched;
        bool one_instruction;
    };
    std::vector<entry> entries;
    static inline std::size_t compared = 0;
    static inline std::size_t registers_compared = 0;

    void add(const sample& code, std::string text) {
        const auto instructions = std::count(text.begin(), text.end(), '\n') + 1;
        EXPECT_EQ(code.instructions, instructions) << text << ": instruction boundaries";
        entries.push_back(
            {std::move(text), {code.bytes, code.bytes + code.length}, code.touched, code.instructions == 1});
    }

    template <std::size_t Size>
    void add(const listing (&table)[Size]) {
        for (const auto& each : table) {
            add(each.code, each.text);
        }
    }

    template <auto As, class Encoder>
    void over(Encoder, const std::string& pattern) {
        static constexpr auto table = encoded<Encoder, As>();
        for (std::size_t i = 0; i < As.size(); ++i) {
            add(table[i], filled(pattern, text(As[i])));
        }
    }

    static constexpr std::size_t none_skipped = ~std::size_t{};

    template <auto As, auto Bs, std::size_t Skip = none_skipped, class Encoder>
    void over_pairs(Encoder, const std::string& pattern) {
        static constexpr auto table = encoded<Encoder, As, Bs, Skip>();
        for (std::size_t i = 0; i < As.size(); ++i) {
            for (std::size_t j = 0; i != Skip && j < Bs.size(); ++j) {
                add(table[i * Bs.size() + j], filled(pattern, text(As[i]), text(Bs[j])));
            }
        }
    }

    /// 32 and 64 bits.
    template <class Encoder>
    void over_registers(Encoder encoder, const std::string& pattern) {
        over<all<reg32>()>(encoder, pattern);
        over<all<reg64>()>(encoder, pattern);
    }
    template <class Encoder>
    void over_register_pairs(Encoder encoder, const std::string& pattern) {
        over_pairs<all<reg32>(), all<reg32>()>(encoder, pattern);
        over_pairs<all<reg64>(), all<reg64>()>(encoder, pattern);
    }
    template <class Encoder>
    void over_memory(Encoder encoder, const std::string& pattern) {
        over<bases_and_displacements()>(encoder, pattern);
        over<each_kind_of_memory()>(encoder, pattern);
    }
    template <class Encoder>
    void over_memory_and_registers(Encoder encoder, const std::string& pattern) {
        over_pairs<each_kind_of_memory(), all<reg32>()>(encoder, pattern);
        over_pairs<each_kind_of_memory(), all<reg64>()>(encoder, pattern);
    }

    /// GNU as from 2.41 on assembles `lsl rax, rsi` without REX.W: the result has 32 bits in any case.
    static std::vector<std::uint8_t> with_rex_w(std::vector<std::uint8_t> bytes) {
        if (bytes[0] >> 4 == 4) {
            bytes[0] |= 8;
        } else {
            bytes.insert(bytes.begin(), 0x48);
        }
        return bytes;
    }

    /// The registers that codes state, and their names, against Zydis.
    void compare_registers() {
        const inlay_test::zydis_registers zydis{true};
        unsigned failures = 0;
        for (const auto& each : entries) {
            if (!each.one_instruction) {
                continue;
            }
            ++registers_compared;
            inlay::machine_code code{};
            code.length = static_cast<std::uint8_t>(each.bytes.size());
            for (std::size_t i = 0; i < each.bytes.size(); ++i) {
                code.words[i / 8] |= std::uint64_t{each.bytes[i]} << (i % 8 * 8);
            }
            const std::string ours = mnemonic_of(inlay::shown::instruction_at(code, 0));
            const std::string theirs = zydis.mnemonic(each.bytes);
            const bool known = each.text != "wbnoinvd" && each.text != "wrpkru"; // to Zydis 4.0; to us
            if (known && ours != theirs && (ours != "jcc" || theirs[0] != 'j' || theirs == "jmp")) {
                ADD_FAILURE() << each.text << "\n  is called " << ours << ", by Zydis " << theirs;
                ++failures;
            }
            if (const auto difference = zydis.difference(each.bytes, each.touched); !difference.empty()) {
                ADD_FAILURE() << each.text << "\n  " << difference;
                ++failures;
            }
            if (failures >= 10) {
                FAIL() << "10 differences; no more are shown";
            }
        }
    }

    /// Assembles all entries, in one run of the assembler, and compares. A slot has 64 bytes.
    void compare() {
        compare_registers();
        constexpr std::size_t slot_size = 64;
        std::string folder = (std::getenv("TMPDIR") != nullptr ? std::getenv("TMPDIR") : "/tmp");
        folder += "/inlay-encoding-XXXXXX";
        ASSERT_NE(mkdtemp(folder.data()), nullptr) << "cannot create " << folder;
        const std::array<std::string, 4> files{folder + "/code.s", folder + "/code.o", folder + "/text.bin",
                                               folder + "/lengths.bin"};
        {
            std::ofstream out{files[0]};
            out << ".intel_syntax noprefix\n.text\n";
            for (std::size_t i = 0; i < entries.size(); ++i) {
                out << ".balign " << slot_size << ", 0\n.Lbegin" << i << ":\n"
                    << entries[i].text << "\n.Lend" << i << ":\n.section .lengths,\"a\"\n.byte .Lend" << i
                    << " - .Lbegin" << i << "\n.text\n";
            }
            out << ".balign " << slot_size << ", 0\n";
        }
        const std::string as = std::getenv("AS") != nullptr ? std::getenv("AS") : "as";
        const std::string objcopy = std::getenv("OBJCOPY") != nullptr ? std::getenv("OBJCOPY") : "objcopy";
        const auto run = [](const std::string& command) {
            EXPECT_EQ(std::system(command.c_str()), 0) << command; // NOLINT(cert-env33-c)
        };
        run(as + " -o " + files[1] + " " + files[0]);
        run(objcopy + " -O binary -j .text " + files[1] + " " + files[2]);
        run(objcopy + " -O binary -j .lengths " + files[1] + " " + files[3]);
        const auto read = [](const std::string& file) {
            std::ifstream in{file, std::ios::binary};
            return std::vector<std::uint8_t>{std::istreambuf_iterator<char>{in}, {}};
        };
        const auto bytes = read(files[2]);
        const auto lengths = read(files[3]);
        for (const auto& file : files) {
            std::remove(file.c_str());
        }
        rmdir(folder.c_str());

        ASSERT_EQ(lengths.size(), entries.size());
        ASSERT_EQ(bytes.size(), entries.size() * slot_size);
        unsigned failures = 0;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            const auto& ours = entries[i].bytes;
            const auto* theirs = &bytes[i * slot_size];
            const std::vector<std::uint8_t> as_says{theirs, theirs + lengths[i]};
            if (ours != as_says && !(entries[i].text.starts_with("lsl r") && ours == with_rex_w(as_says))) {
                ADD_FAILURE() << entries[i].text << "\n  inlay: " << hex(ours.data(), ours.size())
                              << "\n  as:    " << hex(theirs, lengths[i]);
                if (++failures == 10) {
                    FAIL() << "10 differences; no more are shown";
                }
            }
        }
        compared += entries.size();
        RecordProperty("encodings", static_cast<int>(entries.size()));
    }

    static void TearDownTestSuite() {
        std::printf("[  COUNT   ] %zu encodings compared, %zu of them with what they read and write\n", compared,
                    registers_compared);
    }
};

// ---- The comparisons.

TEST_F(x86_encoding, without_operands) {
    static constexpr listing table[] = {
        {nop(), "nop"},
        {insn::pause(), "pause"},
        {hlt(), "hlt"},
        {serialize(), "serialize"},
        {stac(), "stac"},
        {clac(), "clac"},
        {cli(), "cli"},
        {sti(), "sti"},
        {cld(), "cld"},
        {std_(), "std"},
        {clc(), "clc"},
        {stc(), "stc"},
        {pushf(), "pushfq"},
        {popf(), "popfq"},
        {leave(), "leave"},
        {lfence(), "lfence"},
        {mfence(), "mfence"},
        {sfence(), "sfence"},
        {lock_add(), "lock add dword ptr [rsp - 4], 0"},
        {cpuid(), "cpuid"},
        {rdtsc(), "rdtsc"},
        {rdtscp(), "rdtscp"},
        {rdpmc(), "rdpmc"},
        {rdmsr(), "rdmsr"},
        {wrmsr(), "wrmsr"},
        {xgetbv(), "xgetbv"},
        {xsetbv(), "xsetbv"},
        {swapgs(), "swapgs"},
        {syscall(), "syscall"},
        {sysretq(), "sysretq"},
        {iretq(), "iretq"},
        {sysenter(), "sysenter"},
        {sysexit(), "sysexitd"},
        {iretd(), "iretd"},
        {ret(), "ret"},
        {ud2(), "ud2"},
        {int3(), "int3"},
        {endbr64(), "endbr64"},
        {endbr32(), "endbr32"},
        {vmcall(), "vmcall"},
        {vmmcall(), "vmmcall"},
        {wbinvd(), "wbinvd"},
        {wbnoinvd(), "wbnoinvd"},
        {invd(), "invd"},
        {monitor(), "monitor"},
        {mwait(), "mwait"},
        {in(), "in al, dx"},
        {out(), "out dx, al"},
        {out(0x80), "out 0x80, al"},
        {ltr(di), "ltr di"},
        {ltr(r9w), "ltr r9w"},
        {lldt(ax), "lldt ax"},
        {str(eax), "str eax"},
        {str(r10d), "str r10d"},
        {movsb(), "movsb"},
        {rep_movsb(), "rep movsb"},
        {movsw(), "movsw"},
        {rep_movsw(), "rep movsw"},
        {movsl(), "movsd"},
        {rep_movsl(), "rep movsd"},
        {movsq(), "movsq"},
        {rep_movsq(), "rep movsq"},
        {stosb(), "stosb"},
        {rep_stosb(), "rep stosb"},
        {stosw(), "stosw"},
        {rep_stosw(), "rep stosw"},
        {stosl(), "stosd"},
        {rep_stosl(), "rep stosd"},
        {stosq(), "stosq"},
        {rep_stosq(), "rep stosq"},
        {lodsb(), "lodsb"},
        {lodsw(), "lodsw"},
        {lodsl(), "lodsd"},
        {lodsq(), "lodsq"},
        {cmpsb(), "cmpsb"},
        {repe_cmpsb(), "repe cmpsb"},
        {cmpsl(), "cmpsd"},
        {repe_cmpsl(), "repe cmpsd"},
        {cmpsq(), "cmpsq"},
        {repe_cmpsq(), "repe cmpsq"},
        {scasb(), "scasb"},
        {repe_scasb(), "repe scasb"},
        {repne_scasb(), "repne scasb"},
        {scasl(), "scasd"},
        {repe_scasl(), "repe scasd"},
        {repne_scasl(), "repne scasd"},
        {scasq(), "scasq"},
        {repe_scasq(), "repe scasq"},
        {repne_scasq(), "repne scasq"},
        {saveprevssp(), "saveprevssp"},
        {setssbsy(), "setssbsy"},
        {clts(), "clts"},
        {invlpgb(), "invlpgb"},
        {tlbsync(), "tlbsync"},
        {monitorx(), "monitorx"},
        {mwaitx(), "mwaitx"},
        {clzero(), "clzero"},
        {inw(), "in ax, dx"},
        {inl(), "in eax, dx"},
        {outw(), "out dx, ax"},
        {outl(), "out dx, eax"},
        {verw(ax), "verw ax"},
        {verw(r9w), "verw r9w"},
    };
    add(table);
    compare();
}

TEST_F(x86_encoding, one_register) {
    over<all<reg64>()>(encode::push{}, "push $");
    over<all<reg64>()>(encode::pop{}, "pop $");
    over<all<reg64>()>(encode::rdpid{}, "rdpid $");
    over<all<reg64>()>(encode::rdfsbase{}, "rdfsbase $");
    over<all<reg64>()>(encode::rdgsbase{}, "rdgsbase $");
    over<all<reg64>()>(encode::wrfsbase{}, "wrfsbase $");
    over<all<reg64>()>(encode::wrgsbase{}, "wrgsbase $");
    over<all<reg64>()>(encode::call{}, "call $");
    over<all<reg64>()>(encode::jmp{}, "jmp $");
    over_registers(encode::rdrand{}, "rdrand $");
    over_registers(encode::rdseed{}, "rdseed $");
    over_registers(encode::bswap{}, "bswap $");
    over_registers(encode::neg{}, "neg $");
    over_registers(encode::not_{}, "not $");
    over_registers(encode::inc{}, "inc $");
    over_registers(encode::dec{}, "dec $");
    over<all<reg32>()>(encode::incsspd{}, "incsspd $");
    over<all<reg64>()>(encode::incsspq{}, "incsspq $");
    over<all<reg32>()>(encode::rdsspd{}, "rdsspd $");
    over<all<reg64>()>(encode::rdsspq{}, "rdsspq $");
    over<all<reg64>()>(encode::umonitor{}, "umonitor $");
    over<all<reg32>()>(encode::umwait{}, "umwait $");
    over<all<reg32>()>(encode::tpause{}, "tpause $");
    compare();
}

TEST_F(x86_encoding, two_registers) {
    over_register_pairs(encode::mov{}, "mov $, $");
    over_pairs<all<reg16>(), all<reg16>()>(encode::mov{}, "mov $, $");
    over_pairs<all<reg8>(), all<reg8>()>(encode::mov{}, "mov $, $");
    over_pairs<all<reg32>(), all<reg8>()>(encode::movzx{}, "movzx $, $");
    over_pairs<all<reg64>(), all<control_register>()>(encode::mov{}, "mov $, $");
    over_pairs<all<control_register>(), all<reg64>()>(encode::mov{}, "mov $, $");
    over_pairs<all<reg64>(), all<debug_register>()>(encode::mov{}, "mov $, $");
    over_pairs<all<debug_register>(), all<reg64>()>(encode::mov{}, "mov $, $");
    over_register_pairs(encode::lsl{}, "lsl $, $");
    over_register_pairs(encode::add{}, "add $, $");
    over_register_pairs(encode::or_{}, "or $, $");
    over_register_pairs(encode::and_{}, "and $, $");
    over_register_pairs(encode::sub{}, "sub $, $");
    over_register_pairs(encode::xor_{}, "xor $, $");
    over_register_pairs(encode::cmp{}, "cmp $, $");
    over_register_pairs(encode::test{}, "test $, $");
    over_register_pairs(encode::imul{}, "imul $, $");
    over_register_pairs(encode::popcnt{}, "popcnt $, $");
    over_register_pairs(encode::lzcnt{}, "lzcnt $, $");
    over_register_pairs(encode::tzcnt{}, "tzcnt $, $");
    over_register_pairs(encode::bsf{}, "bsf $, $");
    over_register_pairs(encode::bsr{}, "bsr $, $");
    over_pairs<all<reg64>(), all<reg64>()>(encode::crc32{}, "crc32 $, $");
    over_pairs<all<reg32>(), all<reg32>()>(encode::crc32{}, "crc32 $, $");
    over_pairs<all<reg32>(), all<reg8>()>(encode::crc32{}, "crc32 $, $");
    compare();
}

TEST_F(x86_encoding, immediates) {
    constexpr auto r32 = all<reg32>();
    constexpr auto r64 = all<reg64>();
    constexpr auto values = immediates_of_32_bits();
    constexpr std::array<std::int64_t, 3> unsigned_values{0x80000000LL, 0xffffff80LL, 0xffffffffLL};
    constexpr std::size_t skip_rsp = 4;

    const auto both = [&](auto encoder, const std::string& pattern) {
        over_pairs<r32, values>(encoder, pattern);
        over_pairs<r32, unsigned_values>(encoder, pattern);
        over_pairs<r64, values, skip_rsp>(encoder, pattern);
    };
    both(encode::add{}, "add $, $");
    both(encode::or_{}, "or $, $");
    both(encode::and_{}, "and $, $");
    both(encode::sub{}, "sub $, $");
    both(encode::xor_{}, "xor $, $");
    both(encode::cmp{}, "cmp $, $");

    constexpr std::array<std::int64_t, 5> steps{0, 8, 56, -8, -56};
    constexpr std::array<reg64, 1> stack_pointer{rsp};
    over_pairs<stack_pointer, steps>(encode::add{}, "add $, $");
    over_pairs<stack_pointer, steps>(encode::sub{}, "sub $, $");

    constexpr std::array<std::int64_t, 4> counts32{0, 1, 2, 31};
    constexpr std::array<std::int64_t, 4> counts64{0, 1, 32, 63};
    const auto shifts = [&](auto encoder, const std::string& pattern) {
        over_pairs<r32, counts32>(encoder, pattern);
        over_pairs<r64, counts64>(encoder, pattern);
    };
    shifts(encode::shl{}, "shl $, $");
    shifts(encode::shr{}, "shr $, $");
    shifts(encode::sar{}, "sar $, $");

    shifts(encode::bt{}, "bt $, $");
    shifts(encode::bts{}, "bts $, $");
    shifts(encode::btr{}, "btr $, $");
    shifts(encode::btc{}, "btc $, $");

    over<values>(encode::push{}, "push $");

    // mov to 64 bits takes the shortest form; GNU as takes the stated form.
    const encode::mov move;
    constexpr std::array<std::int64_t, 6> lower{0, 1, 0x7f, 0x7fffffff, 0x80000000LL, 0xffffffffLL};
    constexpr std::array<std::int64_t, 5> negative{-1, -128, -129, -0x7fffffff, -0x80000000LL};
    constexpr std::array<std::int64_t, 5> wide{0x100000000LL, -0x80000001LL, 0x123456789abcdef0LL, 0x7fffffffffffffffLL,
                                               static_cast<std::int64_t>(0x8000000000000001ULL)};
    over_pairs<r32, values>(move, "mov $, $");
    over_pairs<r32, unsigned_values>(move, "mov $, $");
    over_pairs<r64, negative>(move, "mov $, $");
    over_pairs<r64, wide>(move, "movabs $, $");
    static constexpr auto zero_extended = encoded<encode::mov, r64, lower, none_skipped>();
    for (std::size_t i = 0; i < r64.size(); ++i) {
        for (std::size_t j = 0; j < lower.size(); ++j) {
            add(zero_extended.at(i * lower.size() + j), filled("mov $, $", text(r32.at(i)), text(lower.at(j))));
        }
    }
    compare();
}

TEST_F(x86_encoding, memory) {
    // The addressing forms, once, thoroughly.
    const encode::lea_rdi low;
    const encode::lea_r9 high;
    over<bases_and_displacements()>(low, "lea rdi, $");
    over<bases_and_displacements()>(high, "lea r9, $");
    over<bases_and_indices(1, 0)>(low, "lea rdi, $");
    over<bases_and_indices(2, 0)>(high, "lea r9, $");
    over<bases_and_indices(4, 0)>(low, "lea rdi, $");
    over<bases_and_indices(8, 0)>(high, "lea r9, $");
    over<bases_and_indices(1, -128)>(low, "lea rdi, $");
    over<bases_and_indices(8, 0x12345678)>(high, "lea r9, $");

    // The instructions.
    const auto moves = [&]<class Register>(Register) {
        over_pairs<all<Register>(), each_kind_of_memory()>(encode::mov{}, "mov $, $");
        over_pairs<each_kind_of_memory(), all<Register>()>(encode::mov{}, "mov $, $");
    };
    moves(rax);
    moves(eax);
    moves(ax);
    moves(al);
    over_pairs<all<reg64>(), each_kind_of_memory()>(encode::lea{}, "lea $, $");
    over_pairs<all<reg32>(), each_kind_of_memory()>(encode::movbe{}, "movbe $, $");
    over_pairs<all<reg64>(), each_kind_of_memory()>(encode::movbe{}, "movbe $, $");
    over_memory_and_registers(encode::movbe{}, "movbe $, $");
    over_memory_and_registers(encode::lock_cmpxchg{}, "lock cmpxchg $, $");
    over_memory_and_registers(encode::lock_xadd{}, "lock xadd $, $");
    over_memory_and_registers(encode::xchg{}, "xchg $, $");

    over_memory(encode::xsave{}, "xsave $");
    over_memory(encode::xsave64{}, "xsave64 $");
    over_memory(encode::xsaveopt{}, "xsaveopt $");
    over_memory(encode::xsaveopt64{}, "xsaveopt64 $");
    over_memory(encode::xsavec{}, "xsavec $");
    over_memory(encode::xsavec64{}, "xsavec64 $");
    over_memory(encode::xsaves{}, "xsaves $");
    over_memory(encode::xsaves64{}, "xsaves64 $");
    over_memory(encode::xrstor{}, "xrstor $");
    over_memory(encode::xrstor64{}, "xrstor64 $");
    over_memory(encode::xrstors{}, "xrstors $");
    over_memory(encode::xrstors64{}, "xrstors64 $");
    over_memory(encode::fxsave{}, "fxsave $");
    over_memory(encode::fxsave64{}, "fxsave64 $");
    over_memory(encode::fxrstor{}, "fxrstor $");
    over_memory(encode::fxrstor64{}, "fxrstor64 $");
    over_memory(encode::rstorssp{}, "rstorssp $");
    over_memory(encode::clrssbsy{}, "clrssbsy $");
    over_pairs<each_kind_of_memory(), all<reg32>()>(encode::wrssd{}, "wrssd $, $");
    over_pairs<each_kind_of_memory(), all<reg64>()>(encode::wrssq{}, "wrssq $, $");
    over_pairs<each_kind_of_memory(), all<reg32>()>(encode::wrussd{}, "wrussd $, $");
    over_pairs<each_kind_of_memory(), all<reg64>()>(encode::wrussq{}, "wrussq $, $");
    over_pairs<all<reg64>(), each_kind_of_memory()>(encode::invpcid{}, "invpcid $, $");
    over_pairs<all<reg64>(), each_kind_of_memory()>(encode::invept{}, "invept $, $");
    over_pairs<all<reg64>(), each_kind_of_memory()>(encode::invvpid{}, "invvpid $, $");
    over_memory(encode::cmpxchg8b{}, "cmpxchg8b $");
    over_memory(encode::lock_cmpxchg8b{}, "lock cmpxchg8b $");
    over_memory(encode::cmpxchg16b{}, "cmpxchg16b $");
    over_memory(encode::lock_cmpxchg16b{}, "lock cmpxchg16b $");
    over_memory(encode::verw{}, "verw $");
    over_memory(encode::invlpg{}, "invlpg $");
    over_memory(encode::lgdt{}, "lgdt $");
    over_memory(encode::lidt{}, "lidt $");
    over_memory(encode::sgdt{}, "sgdt $");
    over_memory(encode::sidt{}, "sidt $");
    over_memory(encode::clflush{}, "clflush $");
    over_memory(encode::clflushopt{}, "clflushopt $");
    over_memory(encode::clwb{}, "clwb $");
    over_memory(encode::prefetchnta{}, "prefetchnta $");
    over_memory(encode::prefetcht0{}, "prefetcht0 $");
    over_memory(encode::prefetcht1{}, "prefetcht1 $");
    over_memory(encode::prefetcht2{}, "prefetcht2 $");
    over_memory(encode::prefetchw{}, "prefetchw $");

    static constexpr auto memory = each_kind_of_memory();
    constexpr std::array<std::int64_t, 5> bytes{0, 1, 127, -128, 255};
    over_pairs<memory, bytes>(encode::movb{}, "mov byte ptr $, $");
    over_pairs<memory, immediates_of_32_bits()>(encode::movl{}, "mov dword ptr $, $");
    over_pairs<memory, immediates_of_32_bits()>(encode::lock_add{}, "lock add dword ptr $, $");
    compare();
}

template <unsigned... N>
consteval std::array<sample, 16> jumps(std::integer_sequence<unsigned, N...>) {
    return {jcc<static_cast<condition>(N), &function>()...};
}

TEST_F(x86_encoding, symbols) {
    // Unknown symbols: as leaves the field 0, and a relocation.
    static constexpr listing table[] = {
        {call<&function>(), "call function"},
        {call_direct<&function>(), "call function"},
        {call_slot<&slot>(), "call [rip + slot]"},
        {jmp<&function>(), "jmp function"},
        {jmp_slot<&slot>(), "jmp [rip + slot]"},
        {verw(rip<&variable>), "verw [rip + variable]"},
        {cmpb(rip<&variable>, 0), "cmp byte ptr [rip + variable], 0"},
        {cmpb(rip<&variable>, 255), "cmp byte ptr [rip + variable], 255"},
    };
    add(table);
    over<all<reg64>()>(encode::lea_rip{}, "lea $, [rip + variable]");
    over_registers(encode::load_rip{}, "mov $, [rip + variable]");
    over_registers(encode::store_rip{}, "mov [rip + variable], $");
    static constexpr auto far = jumps(std::make_integer_sequence<unsigned, 16>{});
    for (std::uint8_t i = 0; i < 16; ++i) {
        add(far.at(i), filled("j$ function", text(condition{i})));
    }
    compare();
}

TEST_F(x86_encoding, compound) {
    static constexpr listing table[] = {
        {pushf_pop(rax), "pushfq\npop rax"},
        {pushf_pop(r15), "pushfq\npop r15"},
        {swapgs() + sysretq(), "swapgs\nsysretq"},
        {nop() + wrmsrns(), "nop\nwrmsrns"}, // Zydis 4.0 does not know it
        {skip(inlay::none), "jmp 9f; 9:"},
        {test(rdi, rdi) + skip_if(condition::e, push(rbx) + call<&function>() + pop(rbx)) + ret(),
         "test rdi, rdi\nje 9f\npush rbx\ncall function\npop rbx\n9: ret"},
        {bytes(0x0f, 0x01, 0xef).reads<eax, ecx, edx>().writes<>(), "wrpkru"},
    };
    add(table);
    over<conditions()>(encode::skip_if_nop{}, "j$ 9f\nnop; 9:");
    compare();
}

TEST_F(x86_encoding, nops_of_each_length) {
    static constexpr listing table[] = {
        {nop(1), "nop"},
        {nop(2), "data16 nop"},
        {nop(3), "nop dword ptr [rax]"},
        {nop(4), "{disp8} nop dword ptr [rax]"},
        {nop(5), "{disp8} nop dword ptr [rax + rax*1]"},
        {nop(6), "{disp8} nop word ptr [rax + rax*1]"},
        {nop(7), "{disp32} nop dword ptr [rax]"},
        {nop(8), "{disp32} nop dword ptr [rax + rax*1]"},
        {nop(9), "{disp32} nop word ptr [rax + rax*1]"},
    };
    add(table);
    compare();
}

// ---- Nops.

consteval auto all_nops() {
    std::array<inlay::machine_code, 65> out{};
    for (unsigned i = 0; i < out.size(); ++i) {
        out[i] = nop(i);
    }
    return out;
}

TEST(x86_nops, are_the_recommended_sequences_and_as_few_as_possible) {
    const std::string recommended[] = {"",
                                       "90",
                                       "66 90",
                                       "0f 1f 00",
                                       "0f 1f 40 00",
                                       "0f 1f 44 00 00",
                                       "66 0f 1f 44 00 00",
                                       "0f 1f 80 00 00 00 00",
                                       "0f 1f 84 00 00 00 00 00",
                                       "66 0f 1f 84 00 00 00 00 00"};
    static constexpr auto table = all_nops();
    EXPECT_EQ(table[0], inlay::none);
    for (unsigned count = 1; count <= 64; ++count) {
        const auto& code = table.at(count);
        ASSERT_EQ(code.length, count);
        EXPECT_FALSE(code.moves_stack());
        EXPECT_TRUE(code.falls_through);
        EXPECT_EQ(code.calls, inlay::called::nothing);
        EXPECT_EQ(code.relatives, 0);

        std::uint8_t filled_bytes[66];
        std::fill(std::begin(filled_bytes), std::end(filled_bytes), std::uint8_t{0xcc});
        inlay::x86::fill_nops(filled_bytes + 1, count);
        EXPECT_EQ(filled_bytes[0], 0xcc);
        EXPECT_EQ(filled_bytes[count + 1], 0xcc);

        unsigned instructions = 0;
        for (unsigned at = 0; at < count; ++instructions) {
            ASSERT_TRUE(code.boundary(at)) << count << " bytes, at " << at;
            unsigned length = 1;
            while (at + length < count && !code.boundary(at + length)) {
                ++length;
            }
            ASSERT_LE(length, 9U);
            EXPECT_EQ(hex(filled_bytes + 1 + at, length), recommended[length]);
            at += length;
        }
        EXPECT_EQ(instructions, (count + 8) / 9);
        for (unsigned i = 0; i < count; ++i) {
            EXPECT_EQ(code.byte(i), filled_bytes[i + 1]) << count << " bytes, at " << i;
        }
    }
}

// ---- The properties that codes state.

TEST(x86_marks, stack_effects_and_boundaries) {
    constexpr auto flags = pushf_pop(rax);
    static_assert(flags.length == 2 && flags.boundaries == 0b11);
    static_assert(flags.effect(0) == 1 && flags.effect(1) == -1);
    static_assert(flags.depth(1) == 1 && flags.depth(2) == 0);

    constexpr auto high = pushf_pop(r8);
    static_assert(high.length == 3 && high.boundaries == 0b011);

    static_assert(push(r15).effect(0) == 1 && pop(r15).effect(0) == -1);
    static_assert(push(1).effect(0) == 1 && push(0x12345678).effect(0) == 1);
    static_assert(pushf().effect(0) == 1 && popf().effect(0) == -1 && leave().effect(0) == -1);
    static_assert(sub(rsp, 24).effect(0) == 3 && insn::add(rsp, 24).effect(0) == -3);
    static_assert(sub(rsp, 56).effect(0) == 7 && insn::add(rsp, 64).effect(0) == -8 && sub(rsp, -8).effect(0) == -1);
    static_assert(lea(rsp, ptr(rsp, -16)).effect(0) == 2 && lea(rsp, ptr(rsp, 16)).effect(0) == -2);
    static_assert(!lea(rax, ptr(rsp, -16)).moves_stack() && !insn::add(rax, 8).moves_stack());
    static_assert(!cmp(rsp, 3).moves_stack() && !call<&function>().moves_stack() && !ret().moves_stack());
    static_assert(bytes<3>(0x90).effect(0) == 3 && bytes<-8>(0x90).effect(0) == -8 && bytes<7>(0x90).effect(0) == 7);
    static_assert(bytes(1, 2, 3).boundaries == 1 && bytes(1, 2, 3).length == 3);

    constexpr auto around = push(rbx) + skip_if(condition::ne, push(rcx) + pop(rcx)) + pop(rbx);
    static_assert(around.boundaries == 0b111011 && around.depth(4) == 2 && around.depth(around.length) == 0);
}

/// The general registers in a mask; each may be named at any width.
template <class... Registers>
constexpr std::uint64_t registers(Registers... each) {
    return (std::uint64_t{0} | ... | (std::uint64_t{1} << each.number));
}
constexpr bool reads_only(const inlay::machine_code& code, std::uint64_t mask) {
    return (code.reads_mask & inlay::general_registers) == mask;
}
constexpr bool writes_only(const inlay::machine_code& code, std::uint64_t mask) {
    return (code.writes_mask & inlay::general_registers) == mask;
}

TEST(x86_marks, what_push_and_pop_keep) {
    static_assert(writes_only(rdtscp(), registers(rax, rcx, rdx)));
    static_assert(writes_only(push(rcx) + rdtscp() + pop(rcx), registers(rax, rdx)));
    static_assert(writes_only(push(rcx) + push(rdx) + rdtscp() + pop(rdx) + pop(rcx), registers(rax)));
    static_assert(writes_only(push(rcx) + push(rdx) + pop(rdx) + pop(rcx), 0));
    static_assert(writes_only(push(r15) + mov(r15, 1) + pop(r15), 0));
    static_assert(
        writes_only(push(rbx) + skip_if(condition::e, push(rcx) + cpuid() + pop(rcx)) + pop(rbx), registers(rax, rdx)));
    // The pushed value is not the caller's, or is popped elsewhere.
    static_assert(writes_only(mov(ecx, 1) + push(rcx) + pop(rcx), registers(rcx)));
    static_assert(writes_only(push(rcx) + mov(ecx, 1) + pop(rcx) + push(rcx) + pop(rcx), 0));
    static_assert(writes_only(push(rax) + pop(rcx), registers(rcx)));
    static_assert(writes_only(push(rcx) + push(rdx) + pop(rcx) + pop(rdx), registers(rcx, rdx)));
    static_assert(writes_only(pushf_pop(rax), registers(rax)) && writes_only(push(1) + pop(rax), registers(rax)));
    static_assert(writes_only(rdtscp() + pop(rcx), registers(rax, rcx, rdx)) && writes_only(pop(rax), registers(rax)));
    static_assert(
        writes_only(push(rcx) + sub(rsp, 16) + rdtscp() + insn::add(rsp, 16) + pop(rcx), registers(rax, rdx)));
    static_assert(writes_only(push(rcx) + sub(rsp, 8) + pop(rcx) + insn::add(rsp, 8), registers(rcx)));
    static_assert(writes_only(push(rcx) + insn::add(rsp, 8) + sub(rsp, 8) + pop(rcx), registers(rcx)));
    static_assert(writes_only(push(rcx) + bytes<1>(0x9c).writes<>() + pop(rcx) + pop(rdx), registers(rcx, rdx)));
    // Codes of several instructions on the right: their pushes lie on top of those before; the words that they pop are
    // gone.
    static_assert(writes_only(push(rcx) + (push(rdx) + rdtscp() + pop(rdx)) + pop(rcx), registers(rax)));
    static_assert(writes_only(push(rcx) + (push(rdx) + rdtscp()) + pop(rdx) + pop(rcx), registers(rax)));
    static_assert(writes_only(rdtscp() + (push(rcx) + push(rbx)) + pop(rbx) + pop(rcx), registers(rax, rcx, rdx)));
    static_assert(writes_only(mov(ecx, 1) + (push(rcx) + mov(ecx, 2)) + pop(rcx), registers(rcx)));
    static_assert(writes_only(push(rcx) + push(rdx) + (nop() + pop(rbx)) + pop(rcx), registers(rbx)));
    static_assert(writes_only(push(rcx) + (pop(rax) + push(rbx)) + pop(rcx), registers(rax, rcx)));
    static_assert(writes_only(push(rcx) + (pop(rax) + push(rbx)) + pop(rbx) + pop(rcx), registers(rax, rcx)));
    static_assert(writes_only(push(rcx) + (rdtscp() + pop(rcx)), registers(rax, rcx, rdx))); // not found, and safe
    static_assert(writes_only(push(rcx) + (inlay::none + pop(rcx) + inlay::none), 0));
    // If a body may be skipped, a register that it has popped and pushed again may have either value.
    static_assert(writes_only(push(rcx) + skip_if(condition::e, pop(rax) + push(rbx)) + pop(rbx), registers(rax, rbx)));
    // Stores to a pushed value; another stack.
    static_assert(writes_only(push(rcx) + mov(ptr(rsp), rax) + pop(rcx), registers(rcx)));
    static_assert(writes_only(push(rcx) + mov(rdx, rsp) + mov(ptr(rdx), rax) + pop(rcx), registers(rcx, rdx)));
    static_assert(writes_only(push(rcx) + mov(rdx, ptr(rsp)) + mov(ptr(rdi), rdx) + pop(rcx), registers(rdx)));
    static_assert(writes_only(push(rcx) + lock_add() + pop(rcx), 0));
    static_assert(writes_only(push(rcx) + mov(rsp, rdi) + pop(rcx), registers(rcx, rsp)));
    static_assert(writes_only(push(rcx) + leave() + pop(rcx), registers(rcx, rsp, rbp)));
    static_assert(writes_only(push(rsp) + pop(rsp), registers(rsp)));
    // More words than are kept.
    constexpr auto four = push(rax) + push(rcx) + push(rdx) + push(rbx);
    constexpr auto back = pop(rbx) + pop(rdx) + pop(rcx) + pop(rax);
    constexpr auto eight = four + push(rsi) + push(rdi) + push(rbp) + push(r8);
    constexpr auto all_back =
        eight + pop(r8) + pop(rbp) + pop(rdi) + pop(rsi) + pop(rbx) + pop(rdx) + pop(rcx) + pop(rax);
    static_assert(writes_only(all_back, 0) && all_back.saved == 0);
    static_assert(writes_only(back, registers(rax, rcx, rdx, rbx)) && back.restores == 0 && pop(rax).restores == 1);
    static_assert(writes_only(push(r9) + eight + pop(r8) + pop(rbp) + pop(rdi) + pop(rsi) + pop(rbx) + pop(rdx) +
                                  pop(rcx) + pop(rax) + pop(r9),
                              registers(r9)));
    static_assert(sub(rsp, 56).saved == 0xffffffffffffff && eight.saved >> 56 == 1 && (eight + back).saved >> 24 == 1);
}

TEST(x86_marks, what_is_read) {
    static_assert(reads_only(mov(ecx, edi) + rdmsr() + shl(rdx, 32) + or_(rax, rdx), registers(rdi)));
    static_assert(reads_only(mov(al, dl) + mov(rdi, rax), registers(rax, rdx)), "the other bits of rax");
    static_assert(reads_only(xor_(eax, eax) + mov(al, dl) + mov(rdi, rax), registers(rdx)));
    static_assert(reads_only(xor_(eax, edx), registers(rax, rdx)) && reads_only(sub(rdx, rdx), 0));
    static_assert(reads_only(test(rdi, rdi) + skip_if(condition::e, popcnt(rax, rdi)), registers(rax, rdi)));
    static_assert(reads_only(mov(eax, 7) + skip_if(condition::e, popcnt(rax, rdi)), registers(rdi)));
    static_assert(reads_only(mov(rax, ptr(rbx, rcx, 8)) + mov(ptr(rax), rdx), registers(rbx, rcx, rdx)));
    static_assert(reads_only(mov(rax, rip<&variable>) + jmp(rax), 0));
    static_assert(reads_only(call(r11), registers(r11)) && writes_only(call(r11), 0));
    static_assert(writes_only(call<&function>(), 0) && (call<&function>().writes_mask & inlay::memory_bit) != 0);
    static_assert((skip_if(condition::e, nop()).reads_mask & inlay::flags_bit) != 0 && skip(nop()).reads_mask == 0);
}

TEST(x86_marks, names_for_messages) {
    constexpr auto named = [](const inlay::machine_code& code, unsigned at, instruction what) {
        return inlay::shown::instruction_at(code, at) == what;
    };
    constexpr auto some = push(r9) + rdtscp() + bytes(0x0f, 0x01, 0xef).writes<>() + pop(r9);
    static_assert(named(some, 0, instruction::push) && named(some, 2, instruction::rdtscp));
    static_assert(named(some, 5, instruction::bytes) && named(some, 8, instruction::pop));
    static_assert(named(wrmsrns(), 0, instruction::wrmsrns) && named(nop(9), 0, instruction::nop));
    static_assert(named(jcc<condition::g, &function>(), 0, instruction::jcc) &&
                  named(skip(nop()), 0, instruction::jmp));
}

TEST(x86_marks, vector_registers) {
    constexpr auto loads = [](const inlay::machine_code& code) { return (code.writes_mask & inlay::vectors_bit) != 0; };
    static_assert(loads(xrstor(ptr(rdi))) && loads(xrstor64(ptr(rdi))) && loads(fxrstor(ptr(rdi))));
    static_assert(loads(xrstors(ptr(rdi))) && loads(xrstors64(ptr(rdi))) && loads(fxrstor64(ptr(rdi)) + nop()));
    static_assert(!loads(xsave(ptr(rdi))) && !loads(xsaves64(ptr(rdi))) && !loads(fxsave(ptr(rdi))));
    static_assert(reads_only(xsaves64(ptr(rdi)), registers(rdi, rax, rdx)) && writes_only(xsaves64(ptr(rdi)), 0));
    static_assert(reads_only(wrmsrns(), registers(rax, rcx, rdx)) && writes_only(wrmsrns(), 0));
}

TEST(x86_marks, bytes_by_hand) {
    constexpr auto by_hand = bytes(0xf3, 0xaa); // rep_stosb()
    static_assert(by_hand.unstated && (nop() + by_hand).unstated && (by_hand + nop()).unstated);
    static_assert(!nop(9).unstated && !rdtscp().unstated && !inlay::none.unstated);
    constexpr auto stated = by_hand.reads<rdi, rcx, al>().writes<rdi, ecx>();
    static_assert(!stated.unstated && reads_only(stated, registers(rax, rcx, rdi)));
    static_assert(writes_only(stated, registers(rcx, rdi)) && stated.words[0] == by_hand.words[0]);
    static_assert(by_hand.reads<rdi>().unstated && !by_hand.writes<>().unstated);
    static_assert(writes_only(rdtsc().writes<r8d, sil>(), registers(rax, rdx, r8, rsi)));
    static_assert(reads_only(by_hand.writes<bx>(), registers(rbx)), "the other bits of rbx");
    static_assert(writes_only(by_hand.writes<edx_eax>(), registers(rax, rdx)));
    static_assert(reads_only(call<&function>().reads<rsi>(), registers(rsi)));
    // Known: the nops of this library, and pause.
    static_assert(bytes(0x90) == nop() && bytes(0x66, 0x90) == nop(2) && bytes(0x0f, 0x1f, 0) == nop(3));
    static_assert(bytes(0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0) == nop(8));
    static_assert(bytes(0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0) == nop(9) && bytes(0xf3, 0x90) == insn::pause());
    static_assert(bytes(0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 1).unstated && bytes(0x91).unstated);
}

TEST(x86_marks, where_execution_goes) {
    static_assert(!ret().falls_through && !iretq().falls_through && !sysretq().falls_through);
    static_assert(!jmp<&function>().falls_through && !jmp_slot<&slot>().falls_through && !jmp(rax).falls_through);
    static_assert(jcc<condition::e, &function>().falls_through && ud2().falls_through && syscall().falls_through);
    static_assert(skip(ret()).falls_through && skip_if(condition::e, jmp<&function>()).falls_through);

    using inlay::called;
    static_assert(call<&function>().calls == called::preserving &&
                  call_direct<&function>().calls == called::preserving);
    static_assert(call_slot<&slot>().calls == called::ordinary && call(rax).calls == called::ordinary);
    static_assert(jmp<&function>().calls == called::nothing && jmp_slot<&slot>().calls == called::nothing);
    static_assert(jmp(rax).calls == called::nothing);
    static_assert(skip_if(condition::e, call<&function>()).calls == called::preserving);
    static_assert(skip(call_slot<&slot>()).calls == called::ordinary);
}

TEST(x86_marks, relative_operands) {
    // The field ends `encoding` bytes before the next instruction.
    using inlay::relative_operand;
    static_assert(call<&function>().relative[0] == relative_operand{1, 4});
    static_assert(jcc<condition::g, &function>().relative[0] == relative_operand{2, 4});
    static_assert(jmp_slot<&slot>().relative[0] == relative_operand{2, 4});
    static_assert(mov(r8, rip<&variable>).relative[0] == relative_operand{3, 4});
    static_assert(mov(rip<&variable>, eax).relative[0] == relative_operand{2, 4});
    static_assert(cmpb(rip<&variable>, 7).relative[0] == relative_operand{2, 5});

    constexpr auto two = skip_if(condition::a, lea(rdi, rip<&variable>) + call<&function>());
    static_assert(two.relatives == 2);
    static_assert(two.relative[0] == relative_operand{5, 4} && two.relative[1] == relative_operand{10, 4});

    static_assert(std::is_same_v<decltype(call<&function>()), inlay::code<inlay::preserving<&function>{}>>);
    static_assert(std::is_same_v<decltype(call_direct<&function>()), inlay::code<&function>>);
    static_assert(
        std::is_same_v<std::remove_const_t<decltype(two)>, inlay::code<&variable, inlay::preserving<&function>{}>>);
}

// ---- Code that must not compile.

template <class Code>
concept encodes = requires { typename std::bool_constant<(Code{}(), true)>; };

TEST(x86_wrong_use, does_not_compile) {
    static_assert(encodes<decltype([]() consteval { return ptr(rax, rbx, 1); })>);
    static_assert(!encodes<decltype([]() consteval { return ptr(rax, rsp, 1); })>);
    static_assert(!encodes<decltype([]() consteval { return ptr(rax, rbx, 3); })>);
    static_assert(!encodes<decltype([]() consteval { return ptr(rax, 0x80000000LL); })>);
    static_assert(!encodes<decltype([]() consteval { return mov(eax, 0x100000000LL); })>);
    static_assert(!encodes<decltype([]() consteval { return insn::add(rax, 0x80000000LL); })>);
    static_assert(!encodes<decltype([]() consteval { return push(0x80000000LL); })>);
    static_assert(!encodes<decltype([]() consteval { return movb(ptr(rax), 256); })>);
    static_assert(!encodes<decltype([]() consteval { return cmpb(rip<&variable>, -129); })>);
    static_assert(encodes<decltype([]() consteval { return shl(rax, 32); })>);
    static_assert(!encodes<decltype([]() consteval { return shl(eax, 32); })>);
    static_assert(encodes<decltype([]() consteval { return bts(rax, 63); })>);
    static_assert(!encodes<decltype([]() consteval { return bts(eax, 32); })>);
    static_assert(!encodes<decltype([]() consteval { return btr(rax, -1); })>);
    static_assert(!encodes<decltype([]() consteval { return insn::add(rsp, 4); })>);
    static_assert(!encodes<decltype([]() consteval { return insn::add(rsp, 72); })>);
    static_assert(!encodes<decltype([]() consteval { return sub(rsp, 64); })>);
    static_assert(!encodes<decltype([]() consteval { return skip(push(rax)); })>);
    static_assert(!encodes<decltype([]() consteval { return skip_if(condition::e, pop(rax)); })>);
    static_assert(encodes<decltype([]() consteval { return skip(nop(62)); })>);
    static_assert(!encodes<decltype([]() consteval { return skip(nop(63)); })>);
    static_assert(!encodes<decltype([]() consteval { return nop(65); })>);
    static_assert(!encodes<decltype([]() consteval { return bytes(0, 256); })>);
    static_assert(!encodes<decltype([]() consteval { return bytes(-1); })>);
    static_assert(inlay::detail::is_register<r9d> && inlay::detail::is_register<edx_eax>);
    static_assert(!inlay::detail::is_register<cr3> && !inlay::detail::is_register<3>);
}

} // namespace
