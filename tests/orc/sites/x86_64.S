/* SPDX-License-Identifier: BSL-1.0 */
/* Functions without frame pointers whose forms move the stack. Their rows hold at the begin of each site only. */
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
	sub	$8, %rsp
	.cfi_adjust_cfa_offset 8
	ALTERNATIVE_2 "call *slot", "call one", with_x, "pushf; pop %rax", with_y
	add	$8, %rsp
	.cfi_adjust_cfa_offset -8
	ret
END first_series

FUNCTION frame_pointer
	ALTERNATIVE_2 "movabs $0x123456789, %rax", "push %rbp; mov $1, %ebp; nop; pop %rbp", with_x, "mov %rbp, -128(%rsp); mov -128(%rsp), %rbp", with_y
	ret
END frame_pointer

FUNCTION deeper                 /* byte 12, the last one of the call, is no boundary of the old instructions */
	ALTERNATIVE "movabs $0x123456789, %rax; movabs $0x123456789, %rcx", "{disp32} lea -24(%rsp), %rsp; call one; lea 24(%rsp), %rsp", with_x
	ret
END deeper

FUNCTION deeper_again
	ALTERNATIVE "movabs $0x123456789, %rax; movabs $0x123456789, %rcx", "push $5; call *slot; lea 8(%rsp), %rsp", with_y
	ret
END deeper_again

FUNCTION saved_before
	push	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_offset 6, -16
	mov	$7, %ebp
	ALTERNATIVE "push %rbp; pop %rax", "xchg %ax, %ax", with_x
	pop	%rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore 6
	ret
END saved_before

FUNCTION with_frame
	push	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_offset 6, -16
	mov	%rsp, %rbp
	.cfi_def_cfa_register 6
	ALTERNATIVE_2 "push $1; push $2; call one; add $16, %rsp", "sub $32, %rsp; call *slot; mov %rbp, %rsp", with_x, "nop", with_y
	pop	%rbp
	.cfi_def_cfa 7, 8
	.cfi_restore 6
	ret
END with_frame

FUNCTION leaves
	ALTERNATIVE "", "jmp one", with_x
	ret
END leaves

	.section .note.GNU-stack, "", @progbits
