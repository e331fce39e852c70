/* SPDX-License-Identifier: BSL-1.0 */
/*
 * Entry code with every macro of inlay/asm.h; entry_test.cpp calls it under every mask of entry_x and entry_y.
 */
#include <inlay/asm.h>

	.macro inner
	ALTERNATIVE "mov $1, %eax", "movabs $2, %rax", entry_x
	.endm

	.text
	.globl	entry_single, entry_two, entry_three, entry_ternary, entry_nested, entry_empty, entry_conditional
	.globl	entry_replaced_by_nothing, trash_registers

	.type	entry_single, @function
entry_single:
	ALTERNATIVE "mov $1, %eax", "mov $2, %eax; nop", entry_x
	ret

	.type	entry_two, @function
entry_two:                      /* calls at the start, and between a push and a pop; no boundary within two of them */
	push	%rbx
	ALTERNATIVE_2 "call one; xchg %ax, %ax", "call two", entry_x, "push %rcx; call three; pop %rcx", entry_y
	pop	%rbx
	ret

	.type	entry_three, @function
entry_three:                    /* a jump inside, and a RIP-relative operand */
	ALTERNATIVE_3 "mov $1, %eax", "mov $2, %eax", entry_x, "xor %eax, %eax; jz 1f; nop; 1: inc %eax; inc %eax; inc %eax", entry_y, "mov number(%rip), %eax", entry_both
	ret

	.type	entry_ternary, @function
entry_ternary:                  /* works before it is patched: through the slot */
	ALTERNATIVE_TERNARY "jmp *slot(%rip)", entry_x, "jmp two", "jmp one"

	.type	entry_nested, @function
entry_nested:                   /* two records for one address, of different lengths */
	ALTERNATIVE "inner", "mov $3, %ax", entry_y
	movzwl	%ax, %eax
	ret

	.type	entry_empty, @function
entry_empty:                    /* an empty original: like Linux's exit by SYSRET */
	xor	%eax, %eax
	ALTERNATIVE "", "jmp two", entry_x
	ret

	.type	entry_replaced_by_nothing, @function
entry_replaced_by_nothing:      /* an empty replacement: like Linux's SWAPGS under Xen PV */
	mov	$1, %eax
	ALTERNATIVE "mov $5, %eax", "", entry_x
	ret

	.type	entry_conditional, @function
entry_conditional:              /* a conditional jump out of the replacement, behind another instruction */
	mov	$7, %eax
	ALTERNATIVE "", "cmp $7, %eax; je two", entry_x
	ret

	.type	trash_registers, @function
trash_registers:                /* changes all that the calling convention lets a function change */
	mov	$-1, %rcx
	mov	%rcx, %rdx
	mov	%rcx, %rsi
	mov	%rcx, %rdi
	mov	%rcx, %r8
	mov	%rcx, %r9
	mov	%rcx, %r10
	mov	%rcx, %r11
	pcmpeqd	%xmm0, %xmm0
	movdqa	%xmm0, %xmm1
	movdqa	%xmm0, %xmm2
	movdqa	%xmm0, %xmm3
	movdqa	%xmm0, %xmm15
	movaps	%xmm0, -24(%rsp)        /* faults if the stack is not aligned for a call */
	mov	$0x1ff00, %eax          /* as a bool: false, with junk above */
	ret

one:	mov	$1, %eax
	ret
two:	mov	$2, %eax
	ret
three:	mov	$3, %eax
	ret

	.data
slot:	.quad	three
number:	.long	4

	.section .note.GNU-stack, "", @progbits
