// SPDX-License-Identifier: BSL-1.0
//
// pmu_loop: a loop of known length with the cycle counter on.
//
// What. pmu_loop(iterations, on, off) writes `on` to PMCR_EL0, runs 2 * iterations + 2 instructions, writes `off`, and
// returns PMCCNTR_EL0.
// Why in assembly. The test compares cycles with instructions, so the compiler may add none.
// How. The ISB after `on` counts, and the write of `off` does. Without that ISB, and without the one before the counter
// is read, processors counted 82 and 98 of 100.

    .text
    .globl pmu_loop
    .type pmu_loop, %function
pmu_loop:
    msr pmcr_el0, x1
#ifndef KERNEL_MUTATION_NO_PMU_ISB
    isb                       // counts from here on
#endif
1:  subs x0, x0, #1
    b.gt 1b
    msr pmcr_el0, x2
    isb                       // the counter stands still before it is read
    mrs x0, pmccntr_el0
    ret
    .size pmu_loop, . - pmu_loop

#ifdef KERNEL_MUTATION_PMU_UNGUARDED
// A test must find that the register is read before the question whether it exists.
    .globl pmu_unguarded
    .type pmu_unguarded, %function
pmu_unguarded:
    mrs x0, pmcr_el0
    ret
    .size pmu_unguarded, . - pmu_unguarded
#endif

    .section .note.GNU-stack, "", %progbits
