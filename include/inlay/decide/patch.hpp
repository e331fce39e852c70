// SPDX-License-Identifier: BSL-1.0
//
// patch: decide's answer: the bytes of a site, and the form that they come from.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/code.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace inlay {
inline namespace INLAY_TARGET { // not hidden: a user's own types may contain these types

/// The bytes of one site.
struct patch {
    uint8_t length; ///< in bytes; at most max_code_length
    uint8_t bytes[max_code_length];
    uint8_t operand; ///< of alternatives: the offset where the only relative operand is; no_operand or many_operands
};

/// The chosen form and, if a `when` decided it, its ordinal (0: the original).
struct decision {
    const table::form* form;     ///< null in decisions about calls, like `original`
    const table::form* original; ///< the form if no `when` holds
    uint8_t length;              ///< of the site, in bytes
    uint8_t ordinal;
};

} // namespace INLAY_TARGET
} // namespace inlay

namespace [[gnu::visibility("hidden")]] inlay {
inline namespace INLAY_TARGET {

/// The bytes depend on the site by more than one operand.
inline constexpr uint8_t many_operands = 254;

} // namespace INLAY_TARGET
} // namespace inlay
