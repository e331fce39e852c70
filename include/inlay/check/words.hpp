// SPDX-License-Identifier: BSL-1.0
//
// words: sites and forms in the words of a message.
#pragma once

#include "inlay/check/model.hpp"
#include "inlay/check/program.hpp"
#include "inlay/report/text.hpp"

#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {
namespace detail {

/// alternative "barrier"; the kind alone if it has no name.
[[nodiscard]] inline std::string words_of(site_kind kind, std::string_view name) {
    return name.empty() ? report::word_of(kind) : std::string{report::word_of(kind)} + " \"" + std::string{name} + '"';
}
[[nodiscard]] inline std::string words_of(const site& of) { return words_of(of.kind, of.name); }

/// The predicate of a form, or a word for its origin.
[[nodiscard]] inline std::string words_of(const program& program, const form& of) {
    switch (of.origin) {
    case origin::choice:
        return '"' + program.declarations()[of.declaration].choices[of.number].predicate + '"';
    case origin::direct:
        return of.declaration != none && !program.declarations()[of.declaration].choices.empty()
                   ? "\"direct call\" number " + std::to_string(of.number)
                   : "\"direct call\"";
    case origin::nothing:
        return "\"nothing\"";
    case origin::zero:
        return "\"returns zero\"";
    case origin::way:
        return "for value " + std::to_string(of.number);
    default:
        return "in the file";
    }
}

} // namespace detail
} // namespace check
} // namespace inlay
