// SPDX-License-Identifier: BSL-1.0
//
// print: findings as a compiler's errors.
//
//     main.cpp:12: error: the site "barrier" overlaps the site "fence" [overlap]
//         in run_barrier+0x4, .text+0x1f4 of a.out
//
// The first line begins with the line of source, or without one with the file, as make and editors know it.
#pragma once

#include "inlay/check/model.hpp"
#include "inlay/report/architectures.hpp"

#include <cstddef>
#include <filesystem>
#include <ostream>
#include <string>
#include <system_error>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

[[nodiscard]] constexpr const char* word_of(severity value) noexcept {
    return value == severity::error ? "error" : value == severity::warning ? "warning" : "note";
}

namespace detail {

/// A path below the working directory, from there on; else as it is.
[[nodiscard]] inline std::string shortened(const std::string& path) {
    std::error_code ignored;
    const std::string here = std::filesystem::current_path(ignored).string() + '/';
    return here.size() > 1 && path.starts_with(here) ? path.substr(here.size()) : path;
}

} // namespace detail

/// Writes one finding about the file `object`; `coloured` with escape sequences of a terminal (ECMA-48).
inline void print(std::ostream& out, const finding& what, const std::string& object, bool coloured) {
    const auto paint = [&](const char* number, const std::string& text) {
        return coloured ? std::string{"\x1b["} + number + 'm' + text + "\x1b[0m" : text;
    };
    const char* const colour = what.severity == severity::error     ? "1;31"
                               : what.severity == severity::warning ? "1;35"
                                                                    : "1;36";
    const std::string place =
        what.file.empty() ? detail::shortened(object) : detail::shortened(what.file) + ':' + std::to_string(what.line);
    out << paint("1", place + ':') << ' ' << paint(colour, std::string{word_of(what.severity)} + ':') << ' '
        << what.message << " [" << what.rule << "]\n";
    if (!what.section.empty()) {
        out << "    in " << (what.function.empty() ? "" : what.function + ", ") << what.section << '+'
            << report::detail::hex(what.offset) << " of " << detail::shortened(object) << '\n';
    }
    for (const auto& note : what.notes) {
        out << "    " << note << '\n';
    }
}

} // namespace check
} // namespace inlay
