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

/// Where a function of this program begins.
template <class Result, class... Parameters>
inlay::address address_of(Result (*function)(Parameters...)) {
    return reinterpret_cast<inlay::address>(function);
}

/// A whole function: as long as its symbol says, and without bytes where there is none.
inline site find_function(inlay::address begin) {
    const auto first = names().find(begin);
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(begin);
    unsigned length = 0;
    for (auto here = first; !here.function.empty() && here.function == first.function && here.offset == length;) {
        const unsigned more = inlay::arch::instruction_length(bytes + length, 15);
        if (more == 0) {
            break;
        }
        length += more;
        here = names().find(begin + length);
    }
    return {bytes, length};
}

/// Prints a function, an instruction a line, with distances from its start. `mark` is one of them, or none. Nops that
/// only align what follows are left out.
inline void list(const char* label, site function, site mark = {}) {
    const auto begin = reinterpret_cast<inlay::address>(function.bytes);
    std::vector<site> lines;
    for (unsigned at = 0; at < function.length;) {
        const unsigned length = inlay::arch::instruction_length(function.bytes + at, function.length - at);
        if (at != 0) {
            names().name(begin + at, "+" + std::to_string(at));
        }
        lines.push_back({function.bytes + at, length != 0 ? length : function.length - at});
        at += lines.back().length;
    }
    std::printf("    %s\n", label);
    for (const auto& line : lines) {
        const bool marked = line.bytes == mark.bytes;
        for (auto& text : instructions(line)) {
            if (text.size() > 80) { // some name of a template
                text.replace(77, text.npos, "...");
            }
            if (marked || text != "nop") {
                std::printf("    %c   +%-4d %s\n", marked ? '>' : ' ', static_cast<int>(line.bytes - function.bytes),
                            text.c_str());
            }
        }
    }
}

/// The address of what a record of `Declaration`, a key, switch or static call, refers to; 0 if it is not one of these.
template <class Declaration>
inlay::address subject(const inlay::table::reference& reference) {
    const inlay::address at = reference.target() & ~inlay::address{3}; // what apply() found out is in these bits
    const auto& names = inlay::this_image().names;
    const auto* const named = reinterpret_cast<const inlay::table::named*>(at);
    const bool is_named = named >= names.records && named < names.records + names.size();
    return is_named && named->cell.target() == reinterpret_cast<inlay::address>(&Declaration::state) ? at : 0;
}

/// The site of a key or switch in `function`; one without bytes if there is none.
template <class Key>
site find_key(const Key& /*key*/, site function) {
    const auto keys = inlay::this_image().keys;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto* const at = reinterpret_cast<const std::uint8_t*>(keys.records[i].site.target());
        if (subject<Key>(keys.records[i].key) != 0 && at >= function.bytes && at < function.bytes + function.length) {
            return {at, inlay::arch::jump_length(at)};
        }
    }
    return {};
}

/// The instruction that calls a static call, once apply() has found it; one without bytes where it has not.
template <class Call>
site find_call(const Call& /*call*/) {
    const auto calls = inlay::this_image().calls;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        const auto& record = calls.records[i];
        if (subject<Call>(record.callee) != 0 && (record.callee.target() & inlay::table::call_found) != 0) {
            return {reinterpret_cast<const std::uint8_t*>(record.site.target()), 5};
        }
    }
    return {};
}

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
inline inlay::outcome counts_or_leave(const char* more = "") {
    const auto done = apply_with(more);
    if (!done) {
        std::fflush(stdout);
        std::fprintf(stderr, "%s\n", sentence(done).c_str());
        std::exit(1);
    }
    return done;
}
inline void apply_or_leave(const char* more = "") { static_cast<void>(counts_or_leave(more)); }

} // namespace tour
