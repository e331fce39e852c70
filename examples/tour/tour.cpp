// SPDX-License-Identifier: BSL-1.0
//
// tour: see tour.hpp.
#include "tour.hpp"

#include <inlay/report/disassembly.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <unistd.h>

namespace tour {

namespace {

/// Names for addresses, from the program's own file; a program may add some.
inlay::report::symbols& names() {
    static inlay::report::symbols all;
    return all;
}

} // namespace

void coloured(const char* code, const std::string& text) {
    static const bool colours = [] {
        const char* const none = std::getenv("NO_COLOR");
        return isatty(STDOUT_FILENO) != 0 && (none == nullptr || *none == '\0');
    }();
    std::printf("%s%s%s\n", colours ? code : "", text.c_str(), colours ? "\033[0m" : "");
}

void title(int number, const char* text) {
    const std::string line = std::to_string(number) + ". " + text;
    coloured("\033[1m", line + "\n" + std::string(line.size(), '='));
}
void say(const char* text) { std::printf("%s\n\n", text); }
void next(const char* text) { coloured("\033[2m", std::string("\nNext: ") + text); }

inlay::inspected inspect(const char* name) {
    const auto tables = inlay::this_image();
    const inlay::platform::process self;
    for (std::size_t i = 0; i < tables.alternatives.size(); ++i) {
        const auto& record = tables.alternatives.records[i];
        const auto& choice = *reinterpret_cast<const inlay::table::choice*>(record.choices.target());
        if (std::strcmp(inlay::name_at(self, choice.name), name) == 0) {
            return inlay::inspect(self, tables, record);
        }
    }
    return {.form = inlay::standing::malformed, .ordinal = 0, .length = 0, .at = 0, .target = 0};
}

site find(const char* name) { return text_of(inspect(name)); }

void call_it(inlay::address address, const std::string& name) { names().name(address, name); }

std::vector<std::string> instructions(site here) {
    return inlay::report::disassemble({here.bytes, here.bytes + here.length},
                                      reinterpret_cast<inlay::address>(here.bytes), names());
}

void show(const char* label, site here) {
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
void show(const char* label, const char* name) { show(label, find(name)); }

site find_function(inlay::address begin) {
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

void list(const char* label, site function, site mark) {
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

inlay::outcome apply_with(const char* more) {
    static const std::string given = [] {
        const char* const list = std::getenv("INLAY_FEATURES");
        return std::string(list != nullptr ? list : "");
    }();
    const std::string both = given.empty() || *more == '\0' ? given + more : given + "," + more;
    setenv("INLAY_FEATURES", both.c_str(), 1);
    return inlay::apply();
}

std::string sentence(const inlay::outcome& done) {
    return std::string("inlay: ") + inlay::message(done.error()) + (*done.detail() != '\0' ? ": " : "") + done.detail();
}

inlay::outcome counts_or_leave(const char* more) {
    const auto done = apply_with(more);
    if (!done) {
        std::fflush(stdout);
        std::fprintf(stderr, "%s\n", sentence(done).c_str());
        std::exit(1);
    }
    return done;
}
void apply_or_leave(const char* more) { static_cast<void>(counts_or_leave(more)); }

} // namespace tour
