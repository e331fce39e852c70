// SPDX-License-Identifier: BSL-1.0
//
// emit: from a description to the assembler, for all architectures.
//
//     emit::form<Code, void>();                             // data, once a unit              (tables.hpp)
//     emit::key_site<Declaration, true>();                  // a jump and its record          (branches.hpp)
//     arch::emit::site<Declaration, ...>(inputs);           // the architecture's own text    (arch/*/site.hpp)
//
// How it works. Macros of arch/*/assembler.hpp and of tables.hpp end here.
#pragma once

#include "inlay/emit/branches.hpp"
#include "inlay/emit/seal.hpp"
#include "inlay/emit/tables.hpp"

#undef INLAY_SYMBOL
#undef INLAY_FUNCTION
#undef INLAY_RELOC
#undef INLAY_WORD
#undef INLAY_JUMP
#undef INLAY_CALL
#undef INLAY_SECTION_IS_THERE
