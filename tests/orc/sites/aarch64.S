/* SPDX-License-Identifier: BSL-1.0 */
/* Functions whose forms move the stack, the frame pointer and the link register. Their rows hold at the begin of each
   site only. All instructions have one length, so the forms of a site move the stack at the same bytes. */
#include <inlay/asm.h>

	.text
	.macro FUNCTION name
	.globl	\name
	.type	\name, %function
\name:
	.cfi_startproc
	.endm
	.macro END name
	.cfi_endproc
	.size	\name, . - \name
	.endm

FUNCTION first_series           /* no row says that the link register is saved */
	ALTERNATIVE_2 "str x30, [sp, #-16]!; bl one; ldr x30, [sp], #16", "stp x30, x0, [sp, #-16]!; bl two; ldp x30, x0, [sp], #16", with_x, "str x30, [sp, #-16]!; bl two; ldr x30, [sp], #16", with_y
	ret
END first_series

FUNCTION frame_pointer
	ALTERNATIVE "stur x29, [sp, #-128]; mov x29, #1; nop; ldur x29, [sp, #-128]", "stur x29, [sp, #-128]; mov x29, #2; mov x29, #3; ldur x29, [sp, #-128]", with_x
	ret
END frame_pointer

FUNCTION deeper
	ALTERNATIVE "sub sp, sp, #32; str x30, [sp, #8]; bl one; ldr x30, [sp, #8]; add sp, sp, #32", "sub sp, sp, #32; stp x29, x30, [sp]; bl two; ldp x29, x30, [sp]; add sp, sp, #32", with_x
	ret
END deeper

FUNCTION deeper_again
	ALTERNATIVE "str x0, [sp, #-16]!; mov x0, #1; ldr x0, [sp], #16", "sub sp, sp, #16; nop; add sp, sp, #16", with_y
	ret
END deeper_again

FUNCTION saved_before
	stp	x29, x30, [sp, #-16]!
	.cfi_adjust_cfa_offset 16
	.cfi_offset 29, -16
	.cfi_offset 30, -8
	mov	x29, #7
	ALTERNATIVE "nop; nop", "mov x29, #9; bl one", with_x
	ldp	x29, x30, [sp], #16
	.cfi_adjust_cfa_offset -16
	.cfi_restore 29
	.cfi_restore 30
	ret
END saved_before

FUNCTION with_frame
	stp	x29, x30, [sp, #-16]!
	.cfi_adjust_cfa_offset 16
	.cfi_offset 29, -16
	.cfi_offset 30, -8
	mov	x29, sp
	.cfi_def_cfa_register 29
	ALTERNATIVE_2 "str x0, [sp, #-16]!; bl one; mov sp, x29", "sub sp, sp, #32; bl two; mov sp, x29", with_x, "nop", with_y
	ldp	x29, x30, [sp], #16
	.cfi_def_cfa 31, 0
	.cfi_restore 29
	.cfi_restore 30
	ret
END with_frame

FUNCTION leaves
	ALTERNATIVE "nop", "b one", with_x
	ret
END leaves

FUNCTION marker
	brk	#0
	ret
END marker

	.section .note.GNU-stack, "", %progbits
