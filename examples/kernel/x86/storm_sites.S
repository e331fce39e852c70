/* SPDX-License-Identifier: BSL-1.0 */
/*
 * storm_sites: sites for a handler to run through while they are written.
 *
 * What. Sixty-four alternatives: nothing, or an addition of one. As assembled they are bytes of nop one by one.
 * Why. If a site is padded in place with interrupts on, it may go through 8d 76 90 on its way from 90 90 90 to 8d 76
 * 00. This happened once. Here a handler that met a half-written addition would add another number than one.
 * How. storm_sites() returns the sum.
 */
#include <inlay/asm.h>

	.text
	.globl	storm_sites
storm_sites:
	xorl	%eax, %eax
	.rept	64
	ALTERNATIVE "", ".byte 0x48, 0x05, 1, 0, 0, 0", storm_adds	/* add $1, %rax in its long form */
	.endr
	ret

	.section .note.GNU-stack, "", @progbits
