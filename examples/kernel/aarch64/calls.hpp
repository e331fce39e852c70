// SPDX-License-Identifier: BSL-1.0
//
// calls: out of EL1, by the SMC Calling Convention: to the hypervisor (PSCI, or the stub of start.S), to firmware; and
// to the emulator (calls.S).
#pragma once

#include "layout.h"
#include "types.hpp"

extern "C" {
kernel::u64 call_hypervisor(kernel::u64 function, kernel::u64 a, kernel::u64 b, kernel::u64 c) noexcept;
kernel::u64 call_firmware(kernel::u64 function, kernel::u64 a, kernel::u64 b, kernel::u64 c) noexcept;
kernel::u64 call_semihosting(kernel::u64 operation, const void* block) noexcept;
}
