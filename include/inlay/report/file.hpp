// SPDX-License-Identifier: BSL-1.0
//
// file: the report on an ELF file, of any architecture that inlay supports: a program, a shared library, a kernel.
//
//     auto what = inlay::report::collect_file("kernel.elf", "none,+crc32");
//
// How it works. The file's machine selects the target, and file_image and collect() are compiled for each target. The
// bytes `now` are those of the file, so each site is its original.
#pragma once

#include "inlay/report/collect.hpp"
#include "inlay/report/file_image.hpp"

#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {

/// Everything about the sites of an image in a file. The CPU `this` must be of the file's architecture. On it,
/// features with a function as probe count as absent, since functions of a file are not called.
template <class Target>
[[nodiscard]] contents collect(const file_image<Target>& image, const std::string& path, std::string_view cpu,
                               const named_cpu& other = {}) {
    const auto model = cpu_model::parse<Target>(cpu, used_feature_names(image.tables(), image), other);
    symbols symbols{path};
    for (const auto& [at, import] : image.imports()) {
        symbols.name(import.first, import.second);
    }
    return collect(image.tables(), image, model, std::move(symbols));
}

/// The same, for a file of any architecture. Throws file_error with the reason if the file is of another kind, or is
/// damaged. Throws std::invalid_argument if `cpu` is no CPU of that architecture.
template <class Path = std::string>
[[nodiscard]] contents collect_file(const Path& path, std::string_view cpu, const named_cpu& other = {}) {
    const elf_file file{path};
    const auto of = [&]<class Target>(Target) { return collect(file_image<Target>{file}, file.path(), cpu, other); };
    switch (file.machine()) {
    case EM_X86_64:
        return of(x86::target<64>{});
    case EM_386:
        return of(x86::target<32>{});
    case EM_AARCH64:
        return of(aarch64::target{});
    default:
        file.fail("it is for machine " + std::to_string(file.machine()) +
                  " (elf.h: EM_...); inlay supports x86-64 (62), i386 (3) and AArch64 (183)");
    }
}

} // namespace report
} // namespace inlay
