// SPDX-License-Identifier: BSL-1.0
//
// irq: the restore, once, so that a test can look at its code. See irq.hpp.
#include "irq.hpp"

namespace kernel {

void irq_restore(u64 flags) noexcept {
#ifdef KERNEL_MUTATION_POPF // a test must find this
    asm volatile("pushq %0; popfq" : : "r"(flags) : "memory", "cc");
#else
    if ((flags & interrupt_flag) != 0) {
        inlay::x86::pv::irq_enable();
    }
#endif
}

} // namespace kernel
