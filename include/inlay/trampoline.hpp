// SPDX-License-Identifier: BSL-1.0
//
// trampoline: what calls go to until they are patched.
#pragma once

#include "inlay/name.hpp"

namespace inlay::detail {

/// The trampoline of a name. Declared here, defined by the assembler (emit.hpp), and called as what the
/// declaration says it is: this one has external linkage whatever the functions to choose from have.
template <name Name>
struct trampoline_of {
    [[gnu::visibility("hidden")]] static void entry();
};

} // namespace inlay::detail
