/* SPDX-License-Identifier: BSL-1.0 */
/*
 * call_with_pattern(target, registers): fills every register that a function may change with a pattern (plus its position
 * in the list below). Then it calls the target, and stores the registers' values: rax, rcx, rdx, rsi, rdi, r8 to r11. At the
 * call, the stack is off by 8 bytes, as at some calls of assembly.
 */
	.text
	.globl	call_with_pattern, leaves_junk, keeps_registers, changes_registers
	.type	call_with_pattern, @function
call_with_pattern:
	push	%rbx
	push	%rbp
	mov	%rsi, %rbx
	mov	%rdi, %rbp
	movabs	$0x1111111111111111, %rax
	lea	1(%rax), %rcx
	lea	2(%rax), %rdx
	lea	3(%rax), %rsi
	lea	4(%rax), %rdi
	lea	5(%rax), %r8
	lea	6(%rax), %r9
	lea	7(%rax), %r10
	lea	8(%rax), %r11
	call	*%rbp
	mov	%rax, (%rbx)
	mov	%rcx, 8(%rbx)
	mov	%rdx, 16(%rbx)
	mov	%rsi, 24(%rbx)
	mov	%rdi, 32(%rbx)
	mov	%r8, 40(%rbx)
	mov	%r9, 48(%rbx)
	mov	%r10, 56(%rbx)
	mov	%r11, 64(%rbx)
	pop	%rbp
	pop	%rbx
	ret

/* bool(): false, with junk above its eight bits; changes nothing else. */
	.type	leaves_junk, @function
leaves_junk:
	movabs	$0x123456789abcde00, %rax
	ret

/* u64(u64): three times its argument; callee-save by itself. */
	.type	keeps_registers, @function
keeps_registers:
	lea	(%rdi,%rdi,2), %rax
	ret

/* bool(): false; changes all call-clobbered registers, and needs an aligned stack. */
	.type	changes_registers, @function
changes_registers:
	mov	$-1, %rcx
	mov	%rcx, %rdx
	mov	%rcx, %rsi
	mov	%rcx, %rdi
	mov	%rcx, %r8
	mov	%rcx, %r9
	mov	%rcx, %r10
	mov	%rcx, %r11
	pcmpeqd	%xmm0, %xmm0
	movdqa	%xmm0, %xmm15
	movaps	%xmm0, -24(%rsp)
	mov	$0x1ff00, %eax
	ret

	.section .note.GNU-stack, "", @progbits
