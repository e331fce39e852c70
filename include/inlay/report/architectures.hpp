// SPDX-License-Identifier: BSL-1.0
//
// architectures: the facts about a target that only a report needs: facts<Target>.
//
//     inlay::report::facts<inlay::aarch64::target>::is_feature_name("crc32", 5)
//
// How it works. One specialisation for each architecture, for every machine that reports on it. If a target has no
// specialisation, the report shows bytes, and numbers in place of probes.
#pragma once

#include "inlay/arch/aarch64/architecture.hpp"
#include "inlay/arch/aarch64/cpu_names.hpp"
#include "inlay/arch/here.hpp"
#include "inlay/arch/x86/architecture.hpp"
#include "inlay/arch/x86/cpu_names.hpp"
#include "inlay/table.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>

#include <elf.h>

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {

/// One level: its name, and the features that it adds to the level before it, between blanks.
struct cpu_level {
    const char* name;
    const char* adds;
};

/// The levels of the System V ABI, AMD64 supplement, section 3.1.1, table "Micro-Architecture Levels". The names are
/// those of `inlay::cpu`: pni is SSE3, abm is LZCNT, lahf_lm is LAHF-SAHF, syscall is SCE. (OSFXSR is a bit of CR4; no
/// feature asks for it.)
inline constexpr cpu_level cpu_levels[] = {
    // NOLINT(*-avoid-c-arrays)
    {"x86-64", " cmov cx8 fpu fxsr mmx syscall sse sse2 "},
    {"x86-64-v2", " cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3 "},
    {"x86-64-v3", " avx avx2 bmi1 bmi2 f16c fma abm movbe osxsave "},
    {"x86-64-v4", " avx512f avx512bw avx512cd avx512dq avx512vl "},
};

/// The numbers of an architecture's relocations in ELF files; see the supplements of the System V ABI.
struct relocation_types {
    std::uint32_t relative; ///< the image's base and the addend
    std::uint32_t absolute; ///< a symbol and the addend
    std::uint32_t entry;    ///< a symbol, in the global offset table
};

namespace detail {

[[nodiscard]] inline std::string hex(std::uint64_t value) {
    char text[24]; // NOLINT(*-avoid-c-arrays)
    (void)std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
    return text;
}

/// The words of a probe that nothing is known about.
[[nodiscard]] inline std::string plain_words_of(const table::probe_words& words) {
    return "cpu " + hex(words.word[0]) + ' ' + hex(words.word[1]) + ' ' + hex(words.word[2]);
}

} // namespace detail

/// The facts about an unknown architecture.
template <class Target>
struct facts {
    static constexpr bool runs_here = std::is_same_v<Target, arch::here>; ///< arch::has() can ask this machine
    [[nodiscard]] static bool is_feature_name(const char* /*name*/, std::size_t /*length*/) noexcept { return false; }
    [[nodiscard]] static std::span<const cpu_level> levels() noexcept { return {}; }
    [[nodiscard]] static std::string words_of_probe(const table::probe_words& words) {
        return detail::plain_words_of(words);
    }
};

template <unsigned Mode>
struct facts<x86::target<Mode>> {
#if defined(__x86_64__) || defined(__i386__)
    static constexpr bool runs_here = true;
#else
    static constexpr bool runs_here = false;
#endif
    static constexpr std::uint16_t machine = Mode == 64 ? EM_X86_64 : EM_386;
    static constexpr relocation_types relocations{R_X86_64_RELATIVE, R_X86_64_64, R_X86_64_GLOB_DAT};
    static_assert(R_386_RELATIVE == R_X86_64_RELATIVE && R_386_32 == R_X86_64_64 &&
                  R_386_GLOB_DAT == R_X86_64_GLOB_DAT);

    [[nodiscard]] static bool is_feature_name(const char* name, std::size_t length) noexcept {
        return x86::is_feature_name(name, length);
    }
    [[nodiscard]] static std::span<const cpu_level> levels() noexcept {
        return Mode == 64 ? std::span<const cpu_level>{cpu_levels} : std::span<const cpu_level>{};
    }
    /// As x86::cpuid::encode() has written them.
    [[nodiscard]] static std::string words_of_probe(const table::probe_words& words) {
        const char* const registers[] = {"eax", "ecx", "edx", "ebx"}; // NOLINT(*-avoid-c-arrays)
        const std::uint32_t where = words.word[1];
        std::string text = "cpuid leaf " + detail::hex(words.word[0]);
        if ((where & 0xffffU) != 0) {
            text += " subleaf " + std::to_string(where & 0xffffU);
        }
        text += std::string{' '} + registers[where >> 16 & 3U] + " bit " + std::to_string(where >> 24 & 31U);
        return words.word[2] == 0 ? text : text + ", xcr0 " + detail::hex(words.word[2]);
    }
};

template <>
struct facts<aarch64::target> {
#if defined(__aarch64__)
    static constexpr bool runs_here = true;
#else
    static constexpr bool runs_here = false;
#endif
    static constexpr std::uint16_t machine = EM_AARCH64;
    static constexpr relocation_types relocations{R_AARCH64_RELATIVE, R_AARCH64_ABS64, R_AARCH64_GLOB_DAT};

    [[nodiscard]] static bool is_feature_name(const char* name, std::size_t length) noexcept {
        return aarch64::is_feature_name(name, length);
    }
    [[nodiscard]] static std::span<const cpu_level> levels() noexcept { return {}; }
    [[nodiscard]] static std::string words_of_probe(const table::probe_words& words) {
        return detail::plain_words_of(words);
    }
};

} // namespace report
} // namespace inlay
