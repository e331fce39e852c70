// SPDX-License-Identifier: BSL-1.0
//
// flow: rules about where control goes, whichever form stands at a site.
//
//     inlay::check::check_flow(program, inlay::check::walk(program), retpoline, found);
//
//     into        a branch, or an entry of a jump table, goes to the inside of a site
//     entry       a symbol is inside of a site
//     target      a branch out of a form goes to no instruction, or to the inside of a site
//     landing     a form takes the place of a landing pad (endbr64, bti) and has none itself
//     retpoline   an indirect branch that is no thunk's, in an image that is built for retpolines
#pragma once

#include "inlay/check/disassembly.hpp"
#include "inlay/check/jump_tables.hpp"
#include "inlay/check/model.hpp"
#include "inlay/check/program.hpp"
#include "inlay/check/walk.hpp"
#include "inlay/check/words.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

/// Nothing goes to the inside of a site, which may be the inside of an instruction after the next patch.
inline void check_into_sites(const program& program, const walked& text, findings& found) {
    for (const auto& each : text.into_sites) {
        const site* const in = detail::walker::site_around(program, each.target);
        program.add(found, "into", each.at,
                    "a branch goes to byte " + std::to_string(each.target - in->at) + " of the site of " +
                        detail::words_of(*in) + " in " + program.describe(in->at));
    }
    for (const auto& each : program.functions()) {
        const site* const in = detail::walker::site_around(program, each.begin);
        if (in != nullptr && !each.name.empty()) {
            program.add(found, "entry", each.begin,
                        "the symbol " + report::detail::demangled(each.name.c_str()) + " is at byte " +
                            std::to_string(each.begin - in->at) + " of the site of " + detail::words_of(*in));
        }
    }
}

/// The tables of a switch, too. A note says which jumps could not be followed.
inline void check_jump_tables(const program& program, const walked& text, findings& found) {
    constexpr std::size_t most_named = 8;
    const table_jumps jumps = follow_tables(program, text);
    for (const auto& each : jumps.entries) {
        const site* const in = detail::walker::site_around(program, each.target);
        const section* const holds = program.section_of(each.table);
        finding& one = program.add(found, "into", each.jump,
                                   "entry " + std::to_string(each.number) + " of a jump table goes to byte " +
                                       std::to_string(each.target - in->at) + " of the site of " +
                                       detail::words_of(*in) + " in " + program.describe(in->at));
        if (holds != nullptr) {
            one.notes.push_back("the table is at " + holds->name + '+' +
                                report::detail::hex(each.table - holds->address));
        }
    }
    if (!jumps.unknown.empty()) {
        const bool many = jumps.unknown.size() != 1;
        finding& note =
            program.add(found, "into", 0,
                        "the targets of " + std::to_string(jumps.unknown.size()) + " indirect jump" +
                            (many ? "s" : "") + " are not known; branches from there into sites are not excluded",
                        severity::note);
        for (std::size_t i = 0; i < std::min(most_named, jumps.unknown.size()); ++i) {
            note.notes.push_back(program.describe(jumps.unknown[i]));
        }
        if (jumps.unknown.size() > most_named) {
            note.notes.emplace_back("...");
        }
    }
}

namespace detail {

/// One form of one site.
class form_flow {
public:
    form_flow(const program& program, const walked& text, findings& found)
        : program_{program}, text_{text}, found_{found} {}

    void check(const site& at, const form& of) {
        begins_.clear();
        branches_.clear();
        if (!for_each_instruction(program_, at, of, [&](const instruction& each) {
                begins_.push_back(each.at);
                if (each.goes_to_target()) {
                    branches_.push_back(each);
                }
            })) {
            return; // the rule "form" says so
        }
        for (const auto& each : branches_) {
            if (const std::string wrong = wrong_target(at, each.target); !wrong.empty()) {
                program_
                    .add(found_, "target", at.at,
                         words_of(at) + ": form " + words_of(program_, of) + " branches to " + wrong)
                    .notes.push_back(line_of(program_, of.bytes(), at.at));
            }
        }
    }

private:
    /// Why a branch must not go there; empty if it may.
    [[nodiscard]] std::string wrong_target(const site& from, std::uint64_t to) const {
        if (to >= from.at && to < from.end()) {
            return std::find(begins_.begin(), begins_.end(), to) != begins_.end()
                       ? ""
                       : "its own byte " + std::to_string(to - from.at) + ", inside an instruction";
        }
        if (!program_.executable(to, 1)) {
            return report::detail::hex(to) + ", which is no text of this file";
        }
        if (const site* const in = walker::site_around(program_, to); in != nullptr) {
            return "byte " + std::to_string(to - in->at) + " of the site of " + words_of(*in);
        }
        return text_.begins_at(to) ? "" : program_.describe(to) + ", where no instruction begins";
    }

    const program& program_;
    const walked& text_;
    findings& found_;
    std::vector<std::uint64_t> begins_{};
    std::vector<instruction> branches_{};
};

} // namespace detail

/// Branches of all forms go to instructions.
inline void check_targets(const program& program, const walked& text, findings& found) {
    detail::form_flow flow{program, text, found};
    for (const auto& site : program.sites()) {
        for (const auto& form : site.forms) {
            if (form.origin != origin::file && form.possible) {
                flow.check(site, form);
            }
        }
    }
}

/// A landing pad of the file's form is in every form, at the same byte.
inline void check_landing(const program& program, findings& found) {
    for (const auto& site : program.sites()) {
        std::vector<std::uint64_t> pads;
        for (const auto& form : site.forms) {
            std::vector<std::uint64_t> own;
            (void)detail::for_each_instruction(program, site, form, [&](const instruction& each) {
                if (each.landing) {
                    own.push_back(each.at);
                }
            });
            if (form.origin == origin::file) {
                pads = own;
            } else if (form.possible && !std::includes(own.begin(), own.end(), pads.begin(), pads.end())) {
                program
                    .add(found, "landing", site.at,
                         detail::words_of(site) + ": form " + detail::words_of(program, form) +
                             " has no landing pad where the original has one")
                    .notes.push_back(line_of(program, form.bytes(), site.at));
            }
        }
    }
}

/// An image that is built for retpolines has indirect branches in thunks only. A trampoline and a call through an
/// operation's pointer do not count: apply() replaces them before any other thread runs.
inline void check_retpolines(const program& program, const walked& text, findings& found) {
    std::vector<std::uint64_t> replaced;
    for (const auto& site : program.sites()) {
        if (site.callee != 0 && !site.missed) {
            replaced.push_back(site.callee);
        }
    }
    std::sort(replaced.begin(), replaced.end());
    const auto is_thunk = [](std::string_view name) {
        return name.starts_with("__x86_indirect_thunk") || name.starts_with("__llvm_retpoline") ||
               name.starts_with("__x86_return_thunk");
    };
    for (const auto at : text.raw) {
        const function* const in = program.function_of(at);
        const auto site = program.site_from(at);
        const bool pointer = site != program.sites().end() && site->at == at && site->kind == site_kind::pv_call;
        if (pointer || in == nullptr || is_thunk(in->name) ||
            std::binary_search(replaced.begin(), replaced.end(), in->begin)) {
            continue;
        }
        program.add(found, "retpoline", at, "an indirect branch, in an image that is built for retpolines");
    }
    for (const auto& site : program.sites()) {
        for (const auto& form : site.forms) {
            if (form.origin != origin::choice || !form.possible ||
                (site.kind == site_kind::pv_call && form.number == 0)) {
                continue;
            }
            (void)detail::for_each_instruction(program, site, form, [&](const instruction& each) {
                if (each.flow == flow::indirect_jump || each.flow == flow::indirect_call) {
                    program
                        .add(found, "retpoline", site.at,
                             detail::words_of(site) + ": form " + detail::words_of(program, form) +
                                 " has an indirect branch, in an image that is built for retpolines")
                        .notes.push_back(line_of(program, form.bytes(), site.at));
                }
            });
        }
    }
}

inline void check_flow(const program& program, const walked& text, bool retpoline, findings& found) {
    check_into_sites(program, text, found);
    check_jump_tables(program, text, found);
    check_targets(program, text, found);
    check_landing(program, found);
    if (retpoline) {
        check_retpolines(program, text, found);
    }
}

} // namespace check
} // namespace inlay
