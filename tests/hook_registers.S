/* SPDX-License-Identifier: BSL-1.0 */
/*
 * call_with_registers(function, general, in, out): sets the general registers from `general`, 15 words for rax, rcx,
 * rdx, rbx, rbp, rsi, rdi, r8 to r15. It sets all others from `in`, an area of XSAVE, and calls the function. Then it
 * stores the registers to `general` and `out`. At the call, the stack is off by 8 bytes.
 */
	.text
	.globl	call_with_registers, changes_all_registers
	.type	call_with_registers, @function
call_with_registers:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rdi, function(%rip)
	mov	%rsi, general(%rip)
	mov	%rcx, out(%rip)
	mov	%rdx, %rcx
	mov	$0xfff9fdff, %eax	/* but PKRU and AMX */
	mov	$0xffffffff, %edx
	xrstor	(%rcx)
	mov	(%rsi), %rax
	mov	8(%rsi), %rcx
	mov	16(%rsi), %rdx
	mov	24(%rsi), %rbx
	mov	32(%rsi), %rbp
	mov	48(%rsi), %rdi
	mov	56(%rsi), %r8
	mov	64(%rsi), %r9
	mov	72(%rsi), %r10
	mov	80(%rsi), %r11
	mov	88(%rsi), %r12
	mov	96(%rsi), %r13
	mov	104(%rsi), %r14
	mov	112(%rsi), %r15
	mov	40(%rsi), %rsi
	call	*function(%rip)
	mov	%rax, function(%rip)
	mov	general(%rip), %rax
	mov	%rcx, 8(%rax)
	mov	%rdx, 16(%rax)
	mov	%rbx, 24(%rax)
	mov	%rbp, 32(%rax)
	mov	%rsi, 40(%rax)
	mov	%rdi, 48(%rax)
	mov	%r8, 56(%rax)
	mov	%r9, 64(%rax)
	mov	%r10, 72(%rax)
	mov	%r11, 80(%rax)
	mov	%r12, 88(%rax)
	mov	%r13, 96(%rax)
	mov	%r14, 104(%rax)
	mov	%r15, 112(%rax)
	mov	function(%rip), %rcx
	mov	%rcx, (%rax)
	mov	out(%rip), %rcx
	mov	$0xfff9fdff, %eax
	mov	$0xffffffff, %edx
	xsave	(%rcx)
	fninit
	ldmxcsr	usual(%rip)
	cld
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

/*
 * void(int level): changes all registers that a function may change. Level 0: those of SSE; 1: of AVX; 2: of AVX-512.
 * Expects an empty x87 stack, as functions do. Loads eight numbers, and stores the last one to `loaded`.
 */
	.globl	loaded
	.type	changes_all_registers, @function
changes_all_registers:
	fld1
	fldpi
	fldl2e
	fldl2t
	fldlg2
	fldln2
	fldz
	fld1
	fstpl	loaded(%rip)
	fstp	%st(0)
	fstp	%st(0)
	fstp	%st(0)
	fstp	%st(0)
	fstp	%st(0)
	fstp	%st(0)
	fstp	%st(0)
	fldcw	changed_control(%rip)
	ldmxcsr	changed(%rip)
	cmp	$1, %edi
	jb	0f
	ja	1f
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vcmpps	$15, %ymm\n, %ymm\n, %ymm\n
	.endr
	jmp	2f
1:	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	vpternlogd $255, %zmm\n, %zmm\n, %zmm\n
	.endr
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	kxnorw	%k0, %k0, %k\n
	.endr
	jmp	2f
0:	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	pcmpeqd	%xmm\n, %xmm\n
	.endr
2:	movaps	%xmm0, -24(%rsp)	/* needs an aligned stack */
	mov	$-1, %rax
	.irp	to, rcx, rdx, rsi, rdi, r8, r9, r10, r11
	mov	%rax, %\to
	.endr
	ret

	.data
	.balign 8
function:	.quad 0
general:	.quad 0
out:		.quad 0
loaded:		.double 0
usual:		.long 0x1f80
changed:	.long 0x5f80		/* rounds up */
changed_control: .word 0x0b7f		/* rounds up */

	.section .note.GNU-stack, "", @progbits
