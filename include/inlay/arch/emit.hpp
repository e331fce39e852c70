// SPDX-License-Identifier: BSL-1.0
//
// emit: the assembly of this unit's architecture, as inlay::arch::emit.
//
//     #include "inlay/emit/emit.hpp"                        // includes this, and writes the tables
//
// How it works. Many units use only this part of the architecture, so the code that the patcher needs is elsewhere
// (arch.hpp).
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
