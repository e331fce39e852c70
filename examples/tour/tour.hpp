// SPDX-License-Identifier: BSL-1.0
//
// tour: what the programs of the tour share: the printing of a section, and the sites of this program as bytes
// and instructions. How to find a site: its name (`named<"...">()`) is in the table that apply() reads.
#pragma once

#include <inlay/inlay.hpp>

#include <Zydis/Zydis.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <unistd.h>

namespace tour {

/// Colours are for people: not in a pipe, and not where NO_COLOR asks for none (no-color.org).
inline bool colours() {
    const char* const none = std::getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) != 0 && (none == nullptr || *none == '\0');
}
inline void coloured(const char* code, const std::string& text) {
    std::printf(colours() ? "\033[%sm%s\033[0m\n" : "%.0s%s\n", code, text.c_str());
}

inline void title(int number, const char* text) {
    const std::string line = std::to_string(number) + ". " + text;
    coloured("1", line + "\n" + std::string(line.size(), '='));
}
inline void say(const char* text) { std::printf("%s\n\n", text); }
inline void next(const char* text) {
    std::printf("\n");
    coloured("2", std::string("Next: ") + text);
}

/// A stretch of this program's text.
struct site {
    const std::uint8_t* bytes{};
    unsigned length{};
};

/// The first site of the alternative called `name`; a site without bytes if there is none.
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

/// Prints bytes and what they mean, an instruction a line; `label` stands before the first one.
inline void show(const char* label, site here) {
    ZydisDisassembledInstruction instruction;
    for (unsigned at = 0; at < here.length; at += instruction.info.length) {
        const auto address = reinterpret_cast<ZyanU64>(here.bytes + at);
        if (!ZYAN_SUCCESS(ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_LONG_64, address, here.bytes + at, here.length - at,
                                                &instruction))) {
            std::printf("    (no instruction)\n");
            return;
        }
        std::printf("    %-22s ", at == 0 ? label : "");
        for (unsigned i = 0; i < 10; ++i) {
            std::printf(i < instruction.info.length ? "%02x " : "   ", here.bytes[at + i]);
        }
        std::printf(" %s\n", instruction.text);
    }
}
inline void show(const char* label, const char* name) { show(label, find(name)); }

/// apply(), with `more` added to the overrides that the reader gave in INLAY_FEATURES (the last one counts).
inline inlay::outcome apply_with(const char* more) {
    static const std::string given = [] {
        const char* const list = std::getenv("INLAY_FEATURES");
        return std::string(list != nullptr ? list : "");
    }();
    const std::string both = given.empty() || *more == '\0' ? given + more : given + "," + more;
    setenv("INLAY_FEATURES", both.c_str(), 1);
    return inlay::apply();
}

/// The same, for programs that cannot go on where it fails.
inline inlay::outcome apply_or_leave(const char* more = "") {
    const auto done = apply_with(more);
    if (!done) {
        std::fflush(stdout);
        std::fprintf(stderr, "inlay: %s%s%s\n", inlay::message(done.error()), *done.detail() != '\0' ? ": " : "",
                     done.detail());
        std::exit(1);
    }
    return done;
}

} // namespace tour
