// SPDX-License-Identifier: BSL-1.0
//
// tables: rules about records: each is whole, and lies on instructions of its own file that are not the patcher's.
//
//     inlay::check::check_tables(program, inlay::check::walk(program), found);
//
//     truncated   a table's size is no multiple of its records'
//     name        the record of a key's or static call's name, and two names of two types
//     record      a record that apply() would refuse: references, kinds, lengths, predicates, features, foreign text
//     symbol      no symbol leads to the site, or its function cannot be decoded up to there
//     boundary    a site begins or ends inside an instruction
//     overlap     two sites share bytes
//     folded      a linker has folded two functions whose alternatives differ
//     form        the bytes of a form are no instructions
//     patcher     a site in code that runs while text is written
//     missed      a call was not found after its marker (a warning: it goes through its trampoline)
//     unmarked    a call of a trampoline without a marker (likewise)
#pragma once

#include "inlay/check/disassembly.hpp"
#include "inlay/check/model.hpp"
#include "inlay/check/patcher.hpp"
#include "inlay/check/program.hpp"
#include "inlay/check/walk.hpp"
#include "inlay/check/words.hpp"
#include "inlay/error.hpp"
#include "inlay/table.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

/// Records that apply() would refuse.
inline void check_records(const program& program, findings& found) {
    if (program.truncated()) {
        program.add(found, "truncated", 0, message(error::table_truncated));
    }
    for (const auto& each : program.bad_names()) {
        const std::string name = each.name.empty() ? std::string{"name "} + std::to_string(each.record)
                                                   : "name \"" + std::string{each.name} + '"';
        program.add(found, "name", 0, name + ": " + message(each.trouble));
    }
    for (const auto& site : program.sites()) {
        if (site.trouble != error::no_error) {
            program.add(found, "record", site.at, detail::words_of(site) + ": " + message(site.trouble));
        }
    }
}

namespace detail {

/// Says why no instruction was found to begin at `at`, which `what` names.
inline void explain_boundary(const program& program, const walked& text, const site& of, std::uint64_t at,
                             const char* what, findings& found) {
    const function* const in = program.function_of(at - (at == of.end() && at != of.at ? 1 : 0));
    if (in == nullptr) {
        program.add(found, "symbol", of.at,
                    words_of(of) + ": no symbol leads to its site, so its instructions cannot be decoded");
        return;
    }
    const auto unread = std::lower_bound(text.unread.begin(), text.unread.end(), in->begin);
    if (unread != text.unread.end() && *unread <= at && *unread < in->end) {
        program.add(found, "symbol", of.at,
                    words_of(of) + ": its function cannot be decoded up to the site: the bytes at " +
                        program.describe(*unread) + " are no instruction");
        return;
    }
    const instruction around = instruction_around(program, at);
    const std::uint8_t* const bytes = program.bytes(around.at, around.length);
    finding& one =
        program.add(found, "boundary", of.at, words_of(of) + ": its site " + what + " inside an instruction");
    if (bytes != nullptr) {
        one.notes.push_back(program.describe(around.at) + ": " + line_of(program, {bytes, around.length}, around.at) +
                            ", " + std::to_string(around.length) + " bytes; the site " + what + " at byte " +
                            std::to_string(at - around.at));
    }
}

} // namespace detail

/// Each site begins and ends between two instructions of its function.
inline void check_boundaries(const program& program, const walked& text, findings& found) {
    for (const auto& site : program.sites()) {
        if (site.trouble != error::no_error) {
            continue;
        }
        if (!text.begins_at(site.at)) {
            detail::explain_boundary(program, text, site, site.at, "begins", found);
        } else if (site.length != 0 && !text.ends_at(site.end())) {
            detail::explain_boundary(program, text, site, site.end(), "ends", found);
        } else if (!text.begins_at(site.marker)) {
            program.add(found, "boundary", site.marker,
                        detail::words_of(site) + ": its marker is inside an instruction");
        }
    }
}

namespace detail {

/// Whether two sites at one address become the same: functions that the linker has folded leave the records of both.
[[nodiscard]] inline bool are_one(const site& a, const site& b) {
    return a.at == b.at && a.kind == b.kind && a.name == b.name && a.callee == b.callee &&
           std::equal(a.forms.begin(), a.forms.end(), b.forms.begin(), b.forms.end(), [](const form& x, const form& y) {
               return std::equal(x.bytes().begin(), x.bytes().end(), y.bytes().begin(), y.bytes().end());
           });
}

} // namespace detail

/// No byte belongs to two sites.
inline void check_overlap(const program& program, findings& found) {
    const site* before = nullptr; // of the sites so far, with the highest end
    for (const auto& site : program.sites()) {
        if (site.length == 0) {
            continue;
        }
        if (before != nullptr && site.at < before->end() && !detail::are_one(*before, site)) {
            program.add(found, "overlap", site.at,
                        detail::words_of(site) + ": its site overlaps the one of " + detail::words_of(*before) +
                            (site.at == before->at ? ", at the same address"
                                                   : ", which begins " + std::to_string(site.at - before->at) +
                                                         " bytes before and has " + std::to_string(before->length)));
        }
        if (before == nullptr || site.end() > before->end()) {
            before = &site;
        }
    }
}

/// Records at one address are a group: nested alternatives of assembly sources. Those of C++ are never nested: if two
/// of them meet, a linker has folded their functions.
inline void check_folded(const program& program, findings& found) {
    for (const auto& site : program.sites()) {
        if (site.records < 2 || site.forms.empty()) {
            continue;
        }
        const declaration* first = nullptr;
        for (const auto& form : site.forms) {
            if (form.declaration == none) {
                continue;
            }
            const declaration& other = program.declarations()[form.declaration];
            first = first == nullptr ? &other : first;
            const auto* const original = reinterpret_cast<const table::form*>(other.choices.front().form);
            if (&other != first && original->kind != table::form_kind::twice) {
                program.add(found, "folded", site.at,
                            detail::words_of(site.kind, first->name) + " and " +
                                detail::words_of(site.kind, other.name) +
                                " share a site: a linker has folded two functions that become different");
                break;
            }
        }
    }
}

/// The bytes of every form are instructions.
inline void check_forms(const program& program, findings& found) {
    for (const auto& site : program.sites()) {
        for (const auto& form : site.forms) {
            std::uint64_t end = site.at;
            if (form.origin != origin::file &&
                !detail::for_each_instruction(program, site, form,
                                              [&](const instruction& each) { end = each.end(); })) {
                program
                    .add(found, "form", site.at,
                         detail::words_of(site) + ": form " + detail::words_of(program, form) +
                             " is no sequence of instructions from byte " + std::to_string(end - site.at) + " on")
                    .notes.push_back(line_of(program, form.bytes(), site.at));
            }
        }
    }
}

/// No site is in code that runs while text is written.
inline void check_patcher(const program& program, findings& found) {
    const detail::patcher_names names{program};
    for (const auto& site : program.sites()) {
        const function* const in = program.function_of(site.at);
        if (in != nullptr && names.is_patcher(in->name)) {
            program.add(
                found, "patcher", site.at,
                detail::words_of(site) + ": its site is in " +
                    detail::without_target(report::without_parameters(report::detail::demangled(in->name.c_str()))) +
                    ", which runs while text is written");
        }
    }
}

/// Exactly one call follows each marker. The others go through their trampoline, which is right but slow.
inline void check_calls(const program& program, const walked& text, findings& found) {
    std::vector<std::uint64_t> marked;
    for (const auto& site : program.sites()) {
        if (site.callee != 0 && site.missed && site.trouble == error::no_error) {
            program.add(found, "missed", site.at,
                        detail::words_of(site) + ": no call of its trampoline follows the marker; it stays indirect",
                        severity::warning);
        } else if (site.callee != 0) {
            marked.push_back(site.at);
        }
    }
    for (const auto& each : text.to_callees) {
        if (!std::binary_search(marked.begin(), marked.end(), each.at)) {
            program.add(found, "unmarked", each.at,
                        "a call of " + program.describe(each.target) + " has no marker; it stays indirect",
                        severity::warning);
        }
    }
}

inline void check_tables(const program& program, const walked& text, findings& found) {
    check_records(program, found);
    check_boundaries(program, text, found);
    check_overlap(program, found);
    check_folded(program, found);
    check_forms(program, found);
    check_patcher(program, found);
    check_calls(program, text, found);
}

} // namespace check
} // namespace inlay
