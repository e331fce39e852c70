// SPDX-License-Identifier: BSL-1.0
//
// emit: assembly of this unit's architecture, as inlay::arch::emit, without the code that the patcher needs: for headers that
// many units include. emit/emit.hpp includes it and writes the tables; arch.hpp has the rest of the architecture.
#pragma once

#include "inlay/requirements.hpp"

#include "inlay/arch/compiler.hpp"

#if defined(__x86_64__) || defined(__i386__)
#include "inlay/arch/x86/emit.hpp"
namespace [[gnu::visibility("hidden")]] inlay {
namespace arch = x86;
}
#elif defined(__aarch64__)
#include "inlay/arch/aarch64/emit.hpp"
namespace [[gnu::visibility("hidden")]] inlay {
namespace arch = aarch64;
}
#endif
