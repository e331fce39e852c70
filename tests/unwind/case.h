/* SPDX-License-Identifier: BSL-1.0 */
/* For the cases: ROW and KEEP are unwind directives within the old instructions, which asm.h assembles in forms, too. */
#include <inlay/asm.h>

	.macro ROW change:req
	.if inlay_in_form == 0
	.cfi_adjust_cfa_offset \change
	.endif
	.endm

	.macro BEGIN
	.text
	.globl	function
	.type	function, %function
function:
	.cfi_startproc
	.endm

	.macro END
	.cfi_endproc
	.size	function, . - function
	.section .note.GNU-stack, "", %progbits
	.endm

#if defined(__x86_64__)
	.macro FRAME
	push	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset 6, -16
	mov	%rsp, %rbp
	.cfi_def_cfa_register 6
	.endm

	.macro UNFRAME
	pop	%rbp
	.cfi_def_cfa 7, 8
	.cfi_restore 6
	.endm
#elif defined(__i386__)
	.macro FRAME
	push	%ebp
	.cfi_def_cfa_offset 8
	.cfi_offset 5, -8
	mov	%esp, %ebp
	.cfi_def_cfa_register 5
	.endm

	.macro UNFRAME
	pop	%ebp
	.cfi_def_cfa 4, 4
	.cfi_restore 5
	.endm
#else
	.macro FRAME
	stp	x29, x30, [sp, #-16]!
	.cfi_def_cfa_offset 16
	.cfi_offset 29, -16
	.cfi_offset 30, -8
	mov	x29, sp
	.cfi_def_cfa_register 29
	.endm

	.macro UNFRAME
	ldp	x29, x30, [sp], #16
	.cfi_def_cfa 31, 0
	.cfi_restore 29
	.cfi_restore 30
	.endm
#endif
