// SPDX-License-Identifier: BSL-1.0
//
// tables: rules about records: each is whole, and lies on instructions of its own file that are not the patcher's.
//
//     inlay::check::check_tables(program, found);
#pragma once

#include "inlay/check/model.hpp"
#include "inlay/check/program.hpp"
#include "inlay/error.hpp"

#include <cstddef>
#include <string>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {
namespace detail {

/// "alternative "barrier"", "static call"
[[nodiscard]] inline std::string words_of(const site& of) {
    const char* const kind = of.kind == site_kind::alternative   ? "alternative"
                             : of.kind == site_kind::call        ? "call"
                             : of.kind == site_kind::static_call ? "static call"
                             : of.kind == site_kind::static_key  ? "static key"
                             : of.kind == site_kind::pv_call     ? "pv call"
                                                                 : "static switch";
    return of.name.empty() ? kind : std::string{kind} + " \"" + std::string{of.name} + '"';
}

} // namespace detail

/// Records that apply() would refuse.
inline void check_records(const program& program, findings& found) {
    if (program.truncated()) {
        program.add(found, "truncated", 0, message(error::table_truncated));
    }
    for (const auto& site : program.sites()) {
        if (site.trouble != error::no_error) {
            program.add(found, "record", site.at, detail::words_of(site) + ": " + message(site.trouble));
        }
    }
}

inline void check_tables(const program& program, findings& found) { check_records(program, found); }

} // namespace check
} // namespace inlay
