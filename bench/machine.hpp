// SPDX-License-Identifier: BSL-1.0
//
// machine: the facts about a machine that each figure needs, for the JSON that Google Benchmark writes.
//
//     bench::add_context();                  // compiler, flags, kernel, mitigations, emulator if any
//     if (!bench::emulator().empty()) ...    // the numbers say nothing about a processor
#pragma once

#include <inlay/features.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <sys/utsname.h>

#ifndef BENCH_FLAGS
#define BENCH_FLAGS "not known"
#endif

namespace bench {

/// The emulator that pretends to be the processor; empty if no known emulator does.
[[nodiscard]] inline std::string emulator() {
    const inlay::x86::this_cpu here;
    const auto name = here.cpuid(0x4000'0000, 0); // where hypervisors give their names, QEMU's emulator gives its own
    if (inlay::x86::holds(inlay::cpu.hypervisor.probe(), here) && name.ebx == 0x54474354) { // "TCGT"
        return "QEMU (TCG)";
    }
    std::ifstream maps{"/proc/self/maps"};
    const std::string all{std::istreambuf_iterator<char>{maps}, {}};
    return all.find("/vgpreload_") != std::string::npos ? "Valgrind" : "";
}

[[nodiscard]] inline std::string processor() {
    const inlay::x86::this_cpu here;
    std::array<char, 49> name{};
    for (std::uint32_t i = 0; i < 3; ++i) {
        const auto part = here.cpuid(0x8000'0002 + i, 0);
        const std::array<std::uint32_t, 4> words{part.eax, part.ebx, part.ecx, part.edx};
        std::memcpy(name.data() + i * sizeof words, words.data(), sizeof words);
    }
    std::string result = name.data();
    result.erase(0, result.find_first_not_of(' '));
    const auto version = here.cpuid(1, 0).eax;
    const auto family = (version >> 8 & 15) + ((version >> 8 & 15) == 15 ? version >> 20 & 255 : 0);
    const auto model = (version >> 4 & 15) + (version >> 12 & 0xf0);
    return result.erase(result.find_last_not_of(' ') + 1) + ", family " + std::to_string(family) + ", model " +
           std::to_string(model);
}

/// "Retbleed: Not affected; Spectre v2: ..." as the kernel says it.
[[nodiscard]] inline std::string mitigations() {
    std::string result;
    std::error_code none;
    for (const auto& each : std::filesystem::directory_iterator{"/sys/devices/system/cpu/vulnerabilities", none}) {
        std::ifstream file{each.path()};
        std::string line;
        if (std::getline(file, line) && line != "Not affected") {
            result += (result.empty() ? "" : "; ") + each.path().filename().string() + ": " + line;
        }
    }
    return result.empty() ? "none" : result;
}

inline void add_context() {
    utsname system{};
    ::uname(&system);
#if defined(__clang__)
    benchmark::AddCustomContext("compiler", "Clang " __clang_version__);
#else
    benchmark::AddCustomContext("compiler", "GCC " __VERSION__);
#endif
    benchmark::AddCustomContext("flags", BENCH_FLAGS);
    benchmark::AddCustomContext("processor", processor());
    benchmark::AddCustomContext("kernel", std::string{system.sysname} + " " + system.release);
    benchmark::AddCustomContext("mitigations", mitigations());
    benchmark::AddCustomContext("emulator", emulator());
}

} // namespace bench
