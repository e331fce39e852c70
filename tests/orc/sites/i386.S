/* SPDX-License-Identifier: BSL-1.0 */
/* Functions without frame pointers whose forms move the stack. Their rows hold at the begin of each site only. The
   original instructions, of 10 bytes, have no boundary where those of the other forms have one. */
#include <inlay/asm.h>

	.text
	.macro FUNCTION name
	.globl	\name
	.type	\name, @function
\name:
	.cfi_startproc
	.endm
	.macro END name
	.cfi_endproc
	.size	\name, . - \name
	.endm

FUNCTION first_series
	sub	$12, %esp
	.cfi_adjust_cfa_offset 12
	ALTERNATIVE_2 "call *slot", "call one", with_x, "pushf; pop %eax", with_y
	add	$12, %esp
	.cfi_adjust_cfa_offset -12
	ret
END first_series

FUNCTION frame_pointer
	ALTERNATIVE_2 "movl $1, scratch", "push %ebp; mov $1, %ebp; nop; pop %ebp", with_x, "mov %ebp, -128(%esp); mov -128(%esp), %ebp", with_y
	ret
END frame_pointer

FUNCTION deeper                 /* byte 11, the last one of the call, is no boundary of the old instructions */
	ALTERNATIVE "movl $1, scratch; movl $2, scratch", "{disp32} lea -24(%esp), %esp; call one; lea 24(%esp), %esp", with_x
	ret
END deeper

FUNCTION deeper_again
	ALTERNATIVE "movl $1, scratch; movl $2, scratch", "push $5; call *slot; lea 4(%esp), %esp", with_y
	ret
END deeper_again

FUNCTION saved_before
	push	%ebp
	.cfi_adjust_cfa_offset 4
	.cfi_offset 5, -8
	mov	$7, %ebp
	ALTERNATIVE "push %ebp; pop %eax", "xchg %ax, %ax", with_x
	pop	%ebp
	.cfi_adjust_cfa_offset -4
	.cfi_restore 5
	ret
END saved_before

FUNCTION with_frame
	push	%ebp
	.cfi_adjust_cfa_offset 4
	.cfi_offset 5, -8
	mov	%esp, %ebp
	.cfi_def_cfa_register 5
	ALTERNATIVE_2 "push $1; push $2; call one; add $8, %esp", "sub $32, %esp; call *slot; mov %ebp, %esp", with_x, "nop", with_y
	pop	%ebp
	.cfi_def_cfa 4, 4
	.cfi_restore 5
	ret
END with_frame

FUNCTION leaves
	ALTERNATIVE "", "jmp one", with_x
	ret
END leaves

	.local	scratch
	.comm	scratch, 4, 4
	.section .note.GNU-stack, "", @progbits
