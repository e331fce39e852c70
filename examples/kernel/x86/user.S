/* SPDX-License-Identifier: BSL-1.0 */
/*
 * user: the programs in ring 3. edi says which program, rsi how often.
 *
 * What. Linked anywhere, it runs at USER_TEXT: everything is relative. System calls: 0 exit(status), 1 nothing,
 * 2 write(text, length), 3 count of interrupts.
 * Why. A test of the entry paths needs someone to enter from.
 * How. In its own section, on pages of its own, which user.cpp maps.
 */
#include "layout.h"

	.section .user, "ax"
user_start:
	cmpl	$1, %edi
	je	parity
	cmpl	$2, %edi
	je	hello
	cmpl	$3, %edi
	je	privileged
	cmpl	$4, %edi
	je	machine_check
	cmpl	$5, %edi
	je	spin
	movl	$99, %edi
exit:	xorl	%eax, %eax
	syscall
	ud2

/* In and out rsi times. %gs must lead to the user's data each time; every 16th time by an exception, not a call. */
parity:
	movq	%rsi, %r12
	xorl	%r13d, %r13d
1:	movl	$1, %eax
	testl	$15, %r12d
	jz	3f
	syscall
2:	cmpq	$0x600df00d, %gs:0
	jne	bad
	decq	%r12
	jnz	1b
	xorl	%edi, %edi
	jmp	exit
3:	int3
	jmp	2b
bad:	movl	$1, %edi
	jmp	exit

hello:	leaq	text(%rip), %rdi
	movl	$text_end - text, %esi
	movl	$2, %eax
	syscall
	movl	%eax, %edi
	jmp	exit
text:	.ascii	"hello from ring 3\n"
text_end:

privileged:
	cli					/* not in ring 3 */
	movl	$1, %edi
	jmp	exit

machine_check:
	testl	%esi, %esi
	jnz	1f
	int	$18
1:	int	$9				/* see test_traps.cpp */
	xorl	%edi, %edi
	jmp	exit

/* Until rsi interrupts have come. */
spin:	movq	%rsi, %r12
1:	movl	$3, %eax
	syscall
	cmpq	%r12, %rax
	jb	1b
	xorl	%edi, %edi
	jmp	exit

	.section .note.GNU-stack, "", @progbits
