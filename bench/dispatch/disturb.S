/* SPDX-License-Identifier: BSL-1.0
 *
 * 16,384 jumps, one after the other: more than a branch target buffer remembers (AMD Zen 3: 6,656 entries; Intel Golden
 * Cove: 12,288). They take 128 KiB, so the first-level instruction cache is replaced as well.
 */
        .text
        .globl  bench_disturb_branches
        .type   bench_disturb_branches, @function
        .p2align 6
bench_disturb_branches:
        .rept   16384
        jmp     1f
        .p2align 3
1:
        .endr
        ret
        .size   bench_disturb_branches, . - bench_disturb_branches
        .section .note.GNU-stack, "", @progbits
