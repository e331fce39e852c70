// SPDX-License-Identifier: BSL-1.0
//
// normalised: a report as JSON, without the facts that only one of the two sides can know.
//
//     std::cout << normalised(inlay::report::collect(...));
//
// A cross-compiled program has no libdw and no disassembler: it knows no functions, files, lines and instructions.
#pragma once

#include <inlay/report/collect.hpp>
#include <inlay/report/json.hpp>

#include <set>
#include <sstream>
#include <string>
#include <vector>

inline void strip(inlay::report::place& where) { where = {.at = where.at}; }

inline std::string normalised(inlay::report::contents what) {
    const std::set<std::string> words{"nothing", "missing", "returns zero", "?"};
    for (auto& site : what.sites) {
        strip(site.where);
        for (auto& choice : site.choices) {
            strip(choice.where);
            choice.code.instructions.clear();
            if (!words.contains(choice.target)) {
                choice.target = choice.target.empty() ? "" : "a function";
            }
        }
        for (auto* code : {&site.before, &site.after, &site.now}) {
            code->instructions.clear();
        }
    }
    for (auto& feature : what.features) {
        if (feature.found_by.starts_with("function")) {
            feature.found_by = "function";
        }
    }
    std::ostringstream out;
    inlay::report::write_json(out, what);
    return out.str();
}
