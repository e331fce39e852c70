// SPDX-License-Identifier: BSL-1.0
//
// rules: all rules of the checker, one after the other.
//
//     inlay::check::findings found;
//     inlay::check::check_all(program, {}, found);
#pragma once

#include "inlay/check/code_rule.hpp"
#include "inlay/check/code_rules.hpp"
#include "inlay/check/file_rules.hpp"
#include "inlay/check/flow.hpp"
#include "inlay/check/model.hpp"
#include "inlay/check/program.hpp"
#include "inlay/check/tables.hpp"
#include "inlay/check/unwind.hpp"
#include "inlay/check/walk.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <tuple>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

struct options {
    bool retpoline{}; ///< the image has been built for retpolines: no raw indirect branch
};

/// Runs every rule. `say(text)` hears which one runs. The findings are sorted by address.
template <class Say>
void check_all(const program& program, const options& options, findings& found, const Say& say) {
    if (!check_moved(program, found)) {
        return;
    }
    check_names(program, found);
    check_note(program, found);
    say("decoding the text");
    const walked text = walk(program);
    say("tables");
    check_tables(program, text, found);
    say("control flow");
    check_flow(program, text, options.retpoline, found);
    say("code rules");
    check_code_rules(program, found);
    say("unwinding");
    check_unwind(program, found);
    std::sort(found.begin(), found.end(), [](const finding& a, const finding& b) {
        return std::tie(a.at, a.rule, a.message) < std::tie(b.at, b.rule, b.message);
    });
}

/// "18 sites proven, 2 code rules proven", or "2 errors in 18 sites and 2 code rules"; then the calls that were found and
/// missed, and the rules that were not checked.
[[nodiscard]] inline std::string summary(const program& program, std::size_t errors) {
    std::size_t calls = 0;
    std::size_t missed = 0;
    for (const auto& site : program.sites()) {
        const bool call = site.kind == site_kind::call || site.kind == site_kind::static_call;
        calls += call ? 1 : 0;
        missed += site.missed ? 1 : 0;
    }
    const auto number = [](std::size_t count, const char* what) {
        return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
    };
    std::string text = number(program.sites().size(), "site");
    findings said_before;
    const std::size_t rules = read_code_rules(program, said_before).size();
    const std::string declared = rules != 0 ? number(rules, "code rule") : "";
    if (errors == 0) {
        text += " proven" + (rules != 0 ? ", " + declared + " proven" : "");
    } else {
        text = number(errors, "error") + " in " + text + (rules != 0 ? " and " + declared : "");
    }
    if (calls != 0) {
        text += ", " + number(calls - missed, "call") + " found, " + std::to_string(missed) + " missed";
    }
    if (!names_functions(program)) {
        text += ", without the rules entry, note and patcher";
    }
    return text;
}

} // namespace check
} // namespace inlay
