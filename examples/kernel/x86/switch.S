/* SPDX-License-Identifier: BSL-1.0 */
/*
 * switch: leaves the line of execution, to come back to it in another way.
 *
 * What. `enter_user` goes to ring 3 and returns when user code exits; `try_call` calls a function and returns even if
 * that ends in an exception.
 * Why. Tests provoke exceptions that a program would not survive, and want to go on.
 * How. Both push the registers that a function must keep, and note in memory where these lie on the stack.
 */
#include <inlay/asm.h>
#include "layout.h"

	.macro	KEEP
	pushq	%rbp
	movq	%rsp, %rbp
	pushq	%rbx; pushq %r12; pushq %r13; pushq %r14; pushq %r15
	.endm
	.macro	RETURN_KEPT
	popq	%r15; popq %r14; popq %r13; popq %r12; popq %rbx; popq %rbp
	ret
	.endm

	.text
/* int enter_user(program, count, void** where_kept): interrupts off. */
	.globl	enter_user, leave_user
enter_user:
	KEEP
	movq	%rsp, (%rdx)
	movl	%gs:PER_CPU_USER_SELECTORS + 4, %eax
	pushq	%rax
	pushq	$USER_STACK + 0x1000
	pushq	$0x202				/* interrupts on, in user code */
	movl	%gs:PER_CPU_USER_SELECTORS, %eax
	pushq	%rax
	pushq	$USER_TEXT
	xorl	%eax, %eax
	xorl	%ebx, %ebx
	xorl	%ebp, %ebp
	ALTERNATIVE "swapgs", "", entry_is_xenpv
	ALTERNATIVE_TERNARY "jmp *iret_slot(%rip)", entry_is_xenpv, "jmp xen_iret", "jmp native_iret"

/* leave_user(status, kept): from a handler; the kernel's %gs. */
leave_user:
	movq	%rsi, %rsp
	movl	%edi, %eax
	RETURN_KEPT

/* bool try_call(struct recovery* {rsp, rip}, function, argument): true if it came to an exception. */
	.globl	try_call
try_call:
	KEEP
	subq	$8, %rsp
	movq	%rsp, (%rdi)
	leaq	1f(%rip), %rax
	movq	%rax, 8(%rdi)
	movq	%rsi, %rax
	movq	%rdx, %rdi
	call	*%rax
	xorl	%eax, %eax
1:	addq	$8, %rsp			/* a trap handler returns to here with eax = 1 */
	RETURN_KEPT

/* Pushes Xen's frame for a trap in the kernel, as far as the return address, which leads to the label 1. */
	.macro	PUSH_XEN_FRAME
	movq	%rsp, %rax
	andq	$-16, %rsp
	pushq	$XEN_DS
	pushq	%rax
	pushq	$0x202
	pushq	$(XEN_CS & ~3)			/* as Xen says "from the kernel" */
	leaq	1f(%rip), %rax
	pushq	%rax
	.endm

/* make_double_fault(error): a double fault, and its entry. */
	.globl	make_double_fault, make_machine_check
make_double_fault:
	PUSH_XEN_FRAME
	pushq	%rdi
	pushq	%r11
	pushq	%rcx
	jmp	xen_double_fault
1:	ret

/* make_machine_check(entry): a machine check, which has no error code. */
make_machine_check:
	PUSH_XEN_FRAME
	pushq	%r11
	pushq	%rcx
	jmp	*%rdi
1:	ret

	.section .note.GNU-stack, "", @progbits
