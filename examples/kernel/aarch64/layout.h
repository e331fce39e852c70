/* SPDX-License-Identifier: BSL-1.0 */
/*
 * layout: the numbers that assembly and C++ share.
 *
 * What. Offsets of the members that assembly touches, and the numbers of the calls to the stub at EL2.
 * Why. An assembler cannot ask a struct where its members are; C++ checks these by static_assert (trap.hpp, smp.hpp).
 * How. Preprocessor constants, because .S files know no others.
 */
#ifndef KERNEL_LAYOUT_H
#define KERNEL_LAYOUT_H

#define MOST_CPUS 8
#define STACK_SIZE 16384

/* struct trap_frame */
#define FRAME_X(n) (8 * (n))
#define FRAME_SP 248
#define FRAME_PC 256
#define FRAME_PSTATE 264
#define FRAME_ESR 272
#define FRAME_FAR 280
#define FRAME_VECTOR 288
#define FRAME_LINK 304 /* a frame record, for backtraces: x29 and pc */
#define FRAME_SIZE 320

/* struct translation */
#define TRANSLATION_MAIR 0
#define TRANSLATION_TCR 8
#define TRANSLATION_TTBR0 16
#define TRANSLATION_SCTLR 24

/* Calls to the stub at EL2: hvc with one of these in x0 (start.S). */
#define EL2_TRAPS 0 /* x1: an exception class. How often this processor trapped to EL2 with it */
#define EL2_MDCR 1  /* x1: the new MDCR_EL2. The old one */

#endif
