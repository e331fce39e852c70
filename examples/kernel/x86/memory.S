/* SPDX-License-Identifier: BSL-1.0 */
/*
 * memory: the four functions that compilers call without being asked.
 *
 * What, why. A freestanding compiler may call memcpy, memmove, memset and memcmp. The patcher may run through them, so
 * they hold no patch site.
 * How. String instructions: short, and fast enough here.
 */
	.text
	.globl	memcpy, memmove, memset, memcmp
memcpy:	movq	%rdi, %rax
	movq	%rdx, %rcx
	rep movsb
	ret
memmove:
	movq	%rdi, %rax
	movq	%rdx, %rcx
	movq	%rdi, %r8
	subq	%rsi, %r8
	cmpq	%rdx, %r8			/* does the destination begin inside of the source? */
	jae	1f
	leaq	-1(%rdi,%rdx), %rdi
	leaq	-1(%rsi,%rdx), %rsi
	std
	rep movsb
	cld
	ret
1:	rep movsb
	ret
memset:	movq	%rdi, %r8
	movl	%esi, %eax
	movq	%rdx, %rcx
	rep stosb
	movq	%r8, %rax
	ret
memcmp:	xorl	%eax, %eax
	movq	%rdx, %rcx
	cmpq	%rcx, %rcx			/* equal, if there is nothing to compare */
	repe cmpsb
	je	1f
	movzbl	-1(%rdi), %eax
	movzbl	-1(%rsi), %ecx
	subl	%ecx, %eax
1:	ret

	.section .note.GNU-stack, "", @progbits
