/* SPDX-License-Identifier: BSL-1.0 */
/*
 * boot_xen: where Xen starts a paravirtual dom0: in 64-bit mode, in ring 3, paging on, rsi = the start info.
 *
 * What. A stack, and on to C++.
 * Why. All the work of boot_native.S has been done by Xen: its page tables are in force, and it keeps the segments.
 * How. Calls of Xen go through a page that Xen fills with its way in: 32 bytes for each number.
 */
	.section .text.boot, "ax"
	.globl	xen_start
xen_start:
	cld
	leaq	boot_stack_end(%rip), %rsp
	xorl	%ebp, %ebp			/* the end of a backtrace */
	movq	%rsi, %rdi
	call	xen_main
1:	jmp	1b

	.balign	4096
	.globl	hypercall_page
hypercall_page:
	.fill	4096, 1, 0xcc			/* int3: natively it is never filled */

/* unsigned long hypercall(unsigned number, a, b, c, d): arguments of a function, and of a hypercall. */
	.globl	hypercall
hypercall:
	movl	%edi, %eax
	shll	$5, %eax
	addq	$hypercall_page, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	movq	%r8, %r10			/* where the fourth one goes */
	jmp	*%rax

/*
 * void xen_cpuid(unsigned registers[4]): as the operation `cpuid`. Xen carries out an instruction after these five
 * bytes (XEN_EMULATE_PREFIX, xen/include/public/arch-x86/xen.h). By itself, CPUID would describe the processor.
 */
	.globl	xen_cpuid
xen_cpuid:
	pushq	%rbx
	movl	(%rdi), %eax
	movl	8(%rdi), %ecx
	.byte	0x0f, 0x0b, 0x78, 0x65, 0x6e
	cpuid
	movl	%eax, (%rdi)
	movl	%ebx, 4(%rdi)
	movl	%ecx, 8(%rdi)
	movl	%edx, 12(%rdi)
	popq	%rbx
	ret

	.section .note.GNU-stack, "", @progbits
