// SPDX-License-Identifier: BSL-1.0
#include "trap.hpp"
namespace kernel { void system_call(trap_frame&) noexcept {} }
