// SPDX-License-Identifier: BSL-1.0
//
// emit: all assembly of x86 that writes text. emit/emit.hpp includes it, and writes the tables.
#pragma once

#include "inlay/arch/x86/hook.hpp"
#include "inlay/arch/x86/machine.hpp"
#include "inlay/arch/x86/operands.hpp"
#include "inlay/arch/x86/site.hpp"
#include "inlay/arch/x86/thunk.hpp"

// of naked.hpp
#undef INLAY_NAKED
#undef INLAY_UNWINDS
#undef INLAY_CFI
#undef INLAY_FRAME_BEGIN
#undef INLAY_FRAME_END
#undef INLAY_TYPE
#undef INLAY_TEXT_OF
#undef INLAY_TEXT_OF_
#undef INLAY_RETURN
#undef INLAY_JUMP_THROUGH
