/* SPDX-License-Identifier: BSL-1.0 */
/*
 * try_call: a call that an exception may end.
 *
 * What. int try_call(recovery*, what, argument) calls what(argument), and returns 0 after it. If the trap handler ends
 * the function, try_call returns 1: execution goes on at recovery.pc with recovery.sp, and 1 in x0.
 */
#include "assembly.h"

	.text
FUNCTION(try_call)
	stp	x29, x30, [sp, #-96]!
	mov	x29, sp
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	mov	x3, sp
	adr	x4, 1f
	stp	x3, x4, [x0]
	mov	x0, x2
	blr	x1
	mov	w0, #0
1:	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret
END_FUNCTION(try_call)

	.section .note.GNU-stack, "", %progbits
