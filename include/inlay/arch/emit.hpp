// SPDX-License-Identifier: BSL-1.0
//
// What the architecture at hand emits, as inlay::arch::emit, without all that the patcher needs: for headers that
// many units include. See arch.hpp.
#pragma once

#include "inlay/requirements.hpp"

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
