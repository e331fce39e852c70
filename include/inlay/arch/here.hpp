// SPDX-License-Identifier: BSL-1.0
//
// here: the architecture that this unit is compiled for, as a parameter: arch::here, and inlay::arch as its namespace.
//
//     template <class Target = inlay::arch::here> ...
#pragma once

#include "inlay/requirements.hpp"

#if defined(__x86_64__) || defined(__i386__)
#include "inlay/arch/x86/architecture.hpp"
namespace [[gnu::visibility("hidden")]] inlay {
namespace x86 {
using here = target<mode_of_unit>;
}
namespace arch = x86;
} // namespace inlay
#elif defined(__aarch64__)
#include "inlay/arch/aarch64/architecture.hpp"
namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64 {
using here = target;
}
namespace arch = aarch64;
} // namespace inlay
#endif
