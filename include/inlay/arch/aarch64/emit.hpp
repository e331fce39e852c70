// SPDX-License-Identifier: BSL-1.0
//
// emit: all assembly of AArch64 that writes text. emit/emit.hpp includes it, and writes the tables.
#pragma once

#include "inlay/arch/aarch64/hook.hpp"
#include "inlay/arch/aarch64/machine.hpp"
#include "inlay/arch/aarch64/operands.hpp"
#include "inlay/arch/aarch64/site.hpp"
#include "inlay/arch/aarch64/thunk.hpp"

// of thunk.hpp
#undef INLAY_BARE
#undef INLAY_TYPE
#undef INLAY_KEEP_REGISTERS
#undef INLAY_NOT_INSTRUMENTED
#undef INLAY_CFI
#undef INLAY_FRAME_BEGIN
#undef INLAY_FRAME_END
