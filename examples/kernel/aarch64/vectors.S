/* SPDX-License-Identifier: BSL-1.0 */
/*
 * vectors: where exceptions at EL1 begin.
 *
 * What. 16 vectors, which save all registers as a trap_frame (trap.hpp) on the current stack.
 * Why. A dump shows all registers; and C++ may change the frame, to go on elsewhere.
 * How. The interrupts of EL1 go to take_irq(), which calls the driver by a static call; all else goes to take_trap().
 * The frame ends with a frame record, so that a backtrace goes on through it.
 */
#include "assembly.h"
#include "layout.h"

	.macro	vector number, handler
	.balign	128
	sub	sp, sp, #FRAME_SIZE
	stp	x0, x1, [sp, #FRAME_X(0)]
	mov	x0, #\number
	adr	x1, \handler
	b	enter
	.endm

	.text
	.balign	2048
FUNCTION(vectors)
	vector	0, trap
	vector	1, trap
	vector	2, trap
	vector	3, trap
	vector	4, trap				/* el1h_sync */
	vector	5, irq				/* el1h_irq */
	vector	6, trap
	vector	7, trap
	vector	8, trap
	vector	9, trap
	vector	10, trap
	vector	11, trap
	vector	12, trap
	vector	13, trap
	vector	14, trap
	vector	15, trap
END_FUNCTION(vectors)

LOCAL_FUNCTION(enter)
	stp	x2, x3, [sp, #FRAME_X(2)]
	stp	x4, x5, [sp, #FRAME_X(4)]
	stp	x6, x7, [sp, #FRAME_X(6)]
	stp	x8, x9, [sp, #FRAME_X(8)]
	stp	x10, x11, [sp, #FRAME_X(10)]
	stp	x12, x13, [sp, #FRAME_X(12)]
	stp	x14, x15, [sp, #FRAME_X(14)]
	stp	x16, x17, [sp, #FRAME_X(16)]
	stp	x18, x19, [sp, #FRAME_X(18)]
	stp	x20, x21, [sp, #FRAME_X(20)]
	stp	x22, x23, [sp, #FRAME_X(22)]
	stp	x24, x25, [sp, #FRAME_X(24)]
	stp	x26, x27, [sp, #FRAME_X(26)]
	stp	x28, x29, [sp, #FRAME_X(28)]
	add	x2, sp, #FRAME_SIZE
	stp	x30, x2, [sp, #FRAME_X(30)]	/* and FRAME_SP */
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	stp	x2, x3, [sp, #FRAME_PC]
	stp	x29, x2, [sp, #FRAME_LINK]
	mrs	x2, esr_el1
	mrs	x3, far_el1
	stp	x2, x3, [sp, #FRAME_ESR]
	str	x0, [sp, #FRAME_VECTOR]
	add	x29, sp, #FRAME_LINK
	mov	x0, sp
	br	x1
trap:	bl	take_trap
	b	leave_frame
irq:	bl	take_irq
leave_frame:
	ldp	x2, x3, [sp, #FRAME_PC]
	msr	elr_el1, x2
	msr	spsr_el1, x3
	ldp	x2, x3, [sp, #FRAME_X(0)]	/* x0 and x1 wait below the stack that it goes on with: nothing comes between */
	ldr	x1, [sp, #FRAME_SP]
	stp	x2, x3, [x1, #-16]
	ldp	x2, x3, [sp, #FRAME_X(2)]
	ldp	x4, x5, [sp, #FRAME_X(4)]
	ldp	x6, x7, [sp, #FRAME_X(6)]
	ldp	x8, x9, [sp, #FRAME_X(8)]
	ldp	x10, x11, [sp, #FRAME_X(10)]
	ldp	x12, x13, [sp, #FRAME_X(12)]
	ldp	x14, x15, [sp, #FRAME_X(14)]
	ldp	x16, x17, [sp, #FRAME_X(16)]
	ldp	x18, x19, [sp, #FRAME_X(18)]
	ldp	x20, x21, [sp, #FRAME_X(20)]
	ldp	x22, x23, [sp, #FRAME_X(22)]
	ldp	x24, x25, [sp, #FRAME_X(24)]
	ldp	x26, x27, [sp, #FRAME_X(26)]
	ldp	x28, x29, [sp, #FRAME_X(28)]
	ldr	x30, [sp, #FRAME_X(30)]
	mov	sp, x1
	ldp	x0, x1, [sp, #-16]
	eret
END_FUNCTION(enter)

	.section .note.GNU-stack, "", %progbits
