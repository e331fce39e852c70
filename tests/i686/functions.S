/* SPDX-License-Identifier: BSL-1.0 */
/*
 * Functions for alternative_test.cpp, and entry code with inlay/asm.h.
 */
#include <inlay/asm.h>

	.text
	.globl	trash_registers, entry_two, entry_absolute, entry_empty

	.type	trash_registers, @function
trash_registers:                /* changes all that the calling convention lets a function change */
	mov	$-1, %ecx
	mov	%ecx, %edx
	pcmpeqd	%xmm0, %xmm0
	movdqa	%xmm0, %xmm7
	movaps	%xmm0, -28(%esp)        /* faults if the stack is not aligned for a call */
	fld1                            /* eight values: none that was there is left */
	fld1
	fld1
	fld1
	fld1
	fld1
	fld1
	fld1
	fninit
	mov	$0x1ff00, %eax          /* as a bool: false, with junk above */
	ret

	.type	entry_two, @function
entry_two:                      /* calls at the start, and between a push and a pop */
	ALTERNATIVE_2 "call one", "call two", entry_x, "push %ecx; call three; pop %ecx", entry_y
	ret

	.type	entry_absolute, @function
entry_absolute:                 /* an absolute operand in front of a relative one */
	xor	%eax, %eax
	ALTERNATIVE "", "add number, %eax; jmp five", entry_x
	ret

	.type	entry_empty, @function
entry_empty:
	mov	$1, %eax
	ALTERNATIVE "mov $5, %eax", "", entry_x
	ret

one:	mov	$1, %eax
	ret
two:	mov	$2, %eax
	ret
three:	mov	$3, %eax
	ret
five:	add	$5, %eax
	ret

	.data
number:	.long	4

	.section .note.GNU-stack, "", @progbits
