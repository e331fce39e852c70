// SPDX-License-Identifier: BSL-1.0
//
// tour: what the programs of the tour share: printing a section, and showing this program's sites as bytes and
// instructions. How to find a site: its name (`named<"...">()`) is in the table that apply() reads.
#pragma once

#include <inlay/inlay.hpp>
#include <inlay/report/disassembly.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <unistd.h>

namespace tour {

/// Colours are for people: not in a pipe, and not where NO_COLOR asks for none (no-color.org).
inline void coloured(const char* code, const std::string& text) {
    static const bool colours = [] {
        const char* const none = std::getenv("NO_COLOR");
        return isatty(STDOUT_FILENO) != 0 && (none == nullptr || *none == '\0');
    }();
    std::printf("%s%s%s\n", colours ? code : "", text.c_str(), colours ? "\033[0m" : "");
}

inline void title(int number, const char* text) {
    const std::string line = std::to_string(number) + ". " + text;
    coloured("\033[1m", line + "\n" + std::string(line.size(), '='));
}
inline void say(const char* text) { std::printf("%s\n\n", text); }
inline void next(const char* text) { coloured("\033[2m", std::string("\nNext: ") + text); }

/// A stretch of this program's text.
struct site {
    const std::uint8_t* bytes{};
    unsigned length{};
};

/// The first site of the alternative called `name`; one without bytes if there is none.
inline site find(const char* name) {
    const auto table = inlay::this_image().alternatives;
    const inlay::platform::process self;
    for (std::size_t i = 0; i < table.size(); ++i) {
        const auto& record = table.records[i];
        const auto& choice = *reinterpret_cast<const inlay::table::choice*>(record.choices.target());
        if (std::strcmp(inlay::name_at(self, choice.name), name) == 0) {
            return {reinterpret_cast<const std::uint8_t*>(record.site.target()), choice.length};
        }
    }
    return {};
}

/// Names for addresses, from the program's own file; a program may add some.
inline inlay::report::symbols& names() {
    static inlay::report::symbols all;
    return all;
}

/// The instructions in a stretch of text.
inline std::vector<std::string> instructions(site here) {
    return inlay::report::disassemble({here.bytes, here.bytes + here.length},
                                      reinterpret_cast<inlay::address>(here.bytes), names());
}

/// Prints a line: `label`, the bytes as they are now, and the instructions that they mean.
inline void show(const char* label, site here) {
    std::string hex;
    for (unsigned i = 0; i < here.length; ++i) {
        char byte[4];
        std::snprintf(byte, sizeof byte, "%02x ", here.bytes[i]);
        hex += byte;
    }
    std::string text;
    for (const auto& each : instructions(here)) {
        text += (text.empty() ? "" : "; ") + each;
    }
    std::printf("    %-26s %-20s %s\n", label, hex.c_str(), text.c_str());
}
inline void show(const char* label, const char* name) { show(label, find(name)); }

/// apply(), with `more` behind the overrides that the reader gave in INLAY_FEATURES (the last one counts).
inline inlay::outcome apply_with(const char* more) {
    static const std::string given = [] {
        const char* const list = std::getenv("INLAY_FEATURES");
        return std::string(list != nullptr ? list : "");
    }();
    const std::string both = given.empty() || *more == '\0' ? given + more : given + "," + more;
    setenv("INLAY_FEATURES", both.c_str(), 1);
    return inlay::apply();
}

/// "inlay: what is wrong: with which entry".
inline std::string sentence(const inlay::outcome& done) {
    return std::string("inlay: ") + inlay::message(done.error()) + (*done.detail() != '\0' ? ": " : "") + done.detail();
}

/// apply_with(), for programs that cannot go on where it fails.
inline inlay::outcome apply_or_leave(const char* more = "") {
    const auto done = apply_with(more);
    if (!done) {
        std::fflush(stdout);
        std::fprintf(stderr, "%s\n", sentence(done).c_str());
        std::exit(1);
    }
    return done;
}

} // namespace tour
