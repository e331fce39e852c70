// SPDX-License-Identifier: BSL-1.0
//
// tour: helpers for all programs of the tour: they print a section, and show this program's sites as bytes and
// instructions. They find a site by its name (`named<"...">()`) in the table that apply() reads. Code without templates
// is in tour.cpp, compiled once.
#pragma once

#include <inlay/inlay.hpp>
#include <inlay/inspect.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace tour {

/// Prints `text` in colour, by the escape sequence `code`. Colours are for people: not in a pipe, and not if NO_COLOR
/// is set (no-color.org).
void coloured(const char* code, const std::string& text);

/// The title of a program's output, its text, and the subject of the next program.
void title(int number, const char* text);
void say(const char* text);
void next(const char* text);

/// A stretch of this program's text.
struct site {
    const std::uint8_t* bytes{};
    unsigned length{};
};

/// The text of a site that was inspected.
inline site text_of(const inlay::inspected& found) {
    return {reinterpret_cast<const std::uint8_t*>(found.at), found.length};
}

/// The form at the first site of the alternative called `name`; malformed without such a site.
[[nodiscard]] inlay::inspected inspect(const char* name);

/// The first site of the alternative called `name`; without bytes if it does not exist.
[[nodiscard]] site find(const char* name);

/// Gives an address a name, in addition to the names in the program's file.
void call_it(inlay::address address, const std::string& name);

/// The instructions in a stretch of text.
[[nodiscard]] std::vector<std::string> instructions(site here);

/// Prints a line: `label`, the bytes as they are now, and the instructions that they mean.
void show(const char* label, site here);
void show(const char* label, const char* name);

/// Where a function of this program begins.
template <class Result, class... Parameters>
inlay::address address_of(Result (*function)(Parameters...)) {
    return reinterpret_cast<inlay::address>(function);
}

/// A whole function, with the length of its symbol; without bytes if it has no symbol.
[[nodiscard]] site find_function(inlay::address begin);

/// Prints a function, an instruction a line, with distances from its start. `mark` is one of them, or none. It leaves
/// out nops that only align the next instruction.
void list(const char* label, site function, site mark = {});

/// The address that a record of `Declaration` (a key, switch or static call) refers to; 0 if it is no such record.
template <class Declaration>
inlay::address subject(const inlay::table::reference& reference) {
    const inlay::address at = reference.target() & ~inlay::address{3}; // apply() keeps notes in these bits
    const auto& names = inlay::this_image().names;
    const auto* const named = reinterpret_cast<const inlay::table::named*>(at);
    const bool is_named = named >= names.records && named < names.records + names.size();
    return is_named && named->cell.target() == reinterpret_cast<inlay::address>(&Declaration::state) ? at : 0;
}

/// The site of a key or switch in `function`; without bytes if it does not exist.
template <class Key>
site find_key(const Key& /*key*/, site function) {
    const auto tables = inlay::this_image();
    for (std::size_t i = 0; i < tables.keys.size(); ++i) {
        const auto& record = tables.keys.records[i];
        const auto* const at = reinterpret_cast<const std::uint8_t*>(record.site.target());
        if (subject<Key>(record.key) != 0 && at >= function.bytes && at < function.bytes + function.length) {
            return text_of(inlay::inspect(inlay::platform::process{}, tables, record));
        }
    }
    return {};
}

/// The instruction that calls a static call; one without bytes where none was found.
template <class Call>
site find_call(const Call& /*call*/) {
    const auto tables = inlay::this_image();
    for (std::size_t i = 0; i < tables.calls.size(); ++i) {
        const auto& record = tables.calls.records[i];
        if (subject<Call>(record.callee) != 0) {
            const auto found = inlay::inspect(inlay::platform::process{}, tables, record);
            if (found.length != 0) {
                return text_of(found);
            }
        }
    }
    return {};
}

/// apply(), with `more` after the reader's overrides in INLAY_FEATURES (the last one counts).
[[nodiscard]] inlay::outcome apply_with(const char* more);

/// "inlay: the error: the entry that it is about".
[[nodiscard]] std::string sentence(const inlay::outcome& done);

/// apply_with(), for programs that cannot go on after an error.
inlay::outcome counts_or_leave(const char* more = "");
void apply_or_leave(const char* more = "");

} // namespace tour
