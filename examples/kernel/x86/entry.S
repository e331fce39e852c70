/* SPDX-License-Identifier: BSL-1.0 */
/*
 * entry: how exceptions, interrupts and system calls get into C++ and back, natively and under Xen.
 *
 * What. A stub for each vector, natively and for Xen's trap table. One way in for all of them, one for those that have
 * a stack of their own (IST), one for SYSCALL. And the ways out.
 * Why. Under Xen the same traps come with another frame: Xen pushes rcx and r11 as well, and has changed %gs already.
 * It knows no IST, and must be asked to return. Where the two worlds differ by an instruction, the code has an
 * alternative. A call could not stand there, because some of these places have no stack of the kernel's yet.
 * How. SAVE leaves a trap_frame (trap.hpp); traps that push no error code get a zero.
 */
#include <inlay/asm.h>
#include "layout.h"

#define MSR_GS_BASE 0xc0000101
#define HYPERCALL_IRET (hypercall_page + 23 * 32)

	.macro	SAVE
	pushq %rdi; pushq %rsi; pushq %rdx; pushq %rcx; pushq %rax; pushq %r8; pushq %r9; pushq %r10; pushq %r11
	pushq %rbx; pushq %rbp; pushq %r12; pushq %r13; pushq %r14; pushq %r15
	.endm
	.macro	RESTORE
	popq %r15; popq %r14; popq %r13; popq %r12; popq %rbp; popq %rbx
	popq %r11; popq %r10; popq %r9; popq %r8; popq %rax; popq %rcx; popq %rdx; popq %rsi; popq %rdi
	.endm

/* trap_handler(frame), with a frame of its own in which the interrupted rip stands as return address: for backtraces. */
	.macro	CALL_HANDLER
	movq	%rsp, %rdi
	pushq	17 * 8(%rsp)
	pushq	%rbp
	movq	%rsp, %rbp
	andq	$-16, %rsp
	call	trap_handler
	movq	%rbp, %rsp
	popq	%rbp
	addq	$8, %rsp
	.endm

/* The series' items 3 and 11. Linux: SWAPGS, INTERRUPT_RETURN. */
#ifdef KERNEL_MUTATION_SWAPGS			/* a test must find that it is not patched away */
	.macro	SWAP_GS
	swapgs
	.endm
#elif defined(KERNEL_MUTATION_PARITY)		/* and that it is missing where it is needed */
	.macro	SWAP_GS
	.byte	0x0f, 0x1f, 0x00
	.endm
#else
	.macro	SWAP_GS
	ALTERNATIVE "swapgs", "", entry_is_xenpv
	.endm
#endif
	.macro	INTERRUPT_RETURN
	ALTERNATIVE_TERNARY "jmp *iret_slot(%rip)", entry_is_xenpv, "jmp xen_iret", "jmp native_iret"
	.endm
/* User code may have set AC, which would let the kernel touch user memory. */
	.macro	CLEAR_AC
	ALTERNATIVE "", "clac", entry_has_smap
	.endm

	.text
	.balign	16
	.globl	common_entry
common_entry:
	cld
	CLEAR_AC
	SAVE
	testb	$3, 18 * 8(%rsp)		/* cs: from user code? */
	jz	1f
	SWAP_GS
1:	CALL_HANDLER
	testb	$3, 18 * 8(%rsp)
	jz	2f
	SWAP_GS
2:	RESTORE
	addq	$16, %rsp
	INTERRUPT_RETURN

/*
 * Breakpoints of kernel code get another frame, 40 bytes below the first. During a change of text, the handler may push
 * a return address on the interrupted stack, just above (inlay/text_poke.hpp).
 */
	.balign	16
breakpoint_entry:
	testb	$3, 8(%rsp)			/* cs: from user code? */
	jnz	1f
	.rept	5
	pushq	4 * 8(%rsp)
	.endr
1:	pushq	$0
	pushq	$3
	jmp	common_entry

	.globl	native_iret, xen_iret
native_iret:
	iretq
xen_iret:
	pushq	$0				/* flags of the hypercall: restore rcx and r11 as well */
	jmp	HYPERCALL_IRET

/*
 * Traps on a stack of their own. They may come between SYSCALL and swapgs, so that cs says nothing about %gs: the base
 * itself does (kernel addresses are negative). Xen never takes this way: plain swapgs.
 */
	.balign	16
ist_entry:
	cld
	CLEAR_AC
	SAVE
	movl	$MSR_GS_BASE, %ecx
	rdmsr
	xorl	%ebx, %ebx
	testl	%edx, %edx
	js	1f
	swapgs
	incl	%ebx
1:	CALL_HANDLER
	testl	%ebx, %ebx
	jz	2f
	swapgs
2:	RESTORE
	addq	$16, %rsp
	iretq

/* SYSCALL natively: rcx = rip, r11 = flags, and still the user's stack and %gs. */
	.balign	16
	.globl	syscall_entry
syscall_entry:
	swapgs
	movq	%rsp, %gs:PER_CPU_USER_STACK
	movq	%gs:PER_CPU_KERNEL_STACK, %rsp
	pushq	$USER_DS
	pushq	%gs:PER_CPU_USER_STACK
	pushq	%r11
	pushq	$USER_CS
	pushq	%rcx
syscall_common:
	pushq	$0
	pushq	$(PATH_SYSCALL << 8)
	SAVE
	CALL_HANDLER
	.globl	syscall_exit
syscall_exit:
	RESTORE
	addq	$16, %rsp
	/* The series' item 4: five bytes of nop, or a jump to the way out that Xen wants. */
	ALTERNATIVE "", "jmp xen_iret", entry_is_xenpv
	movq	(%rsp), %rcx
	movq	16(%rsp), %r11
	movq	24(%rsp), %rsp
	swapgs
	sysretq

/* SYSCALL under Xen: on the kernel's stack, %gs changed, and a frame that lacks the selectors of user code. */
	.balign	16
	.globl	xen_syscall_entry
xen_syscall_entry:
	popq	%rcx
	popq	%r11
	movq	$XEN_CS, 8(%rsp)
	movq	$XEN_DS, 32(%rsp)
	jmp	syscall_common

/* Xen's events: its interrupts. They come without vector or error code. */
	.balign	16
	.globl	xen_event_entry, xen_failsafe_entry
xen_event_entry:
	popq	%rcx
	popq	%r11
	pushq	$0
	pushq	$0x20
	jmp	common_entry
xen_failsafe_entry:				/* a selector that Xen could not restore: not without a bug here */
	ud2

/*
 * Machine check under Xen (item 1): from user code the handler that needs no IST, else the ordinary way. Double fault
 * (item 2): with its error code, and no IST.
 */
	.balign	16
	.globl	xen_machine_check, xen_double_fault
xen_machine_check:
	popq	%rcx
	popq	%r11
	pushq	$0
	testb	$3, 16(%rsp)
	jnz	1f
	pushq	$(18 | PATH_ORDINARY << 8)
	jmp	common_entry
1:	pushq	$(18 | PATH_NO_IST << 8)
	jmp	common_entry
xen_double_fault:
	popq	%rcx
	popq	%r11
	pushq	$(8 | PATH_NO_IST << 8)
	jmp	common_entry

/* The stubs, 16 bytes each. Error codes: 8, 10 to 14, 17, 21, 29, 30 (Intel SDM volume 3, table 6-1; AMD for the last). */
	.balign	16
	.globl	native_stubs, xen_stubs
native_stubs:
	.set	vector, 0
	.rept	48
	.balign	16
	.if	vector == 3
	jmp	breakpoint_entry
	.else
	.if	!((vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || (vector == 21) || (vector == 29) || (vector == 30))
	pushq	$0
	.endif
	.if	vector == 2 || vector == 8 || vector == 18
	pushq	$(vector | PATH_IST << 8)
	jmp	ist_entry
	.else
	pushq	$vector
	jmp	common_entry
	.endif
	.endif
	.set	vector, vector + 1
	.endr
	.balign	16
xen_stubs:
	.set	vector, 0
	.rept	32
	.balign	16
	popq	%rcx
	popq	%r11
	.if	vector == 3
	jmp	breakpoint_entry
	.else
	.if	!((vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || (vector == 21) || (vector == 29) || (vector == 30))
	pushq	$0
	.endif
	pushq	$vector
	jmp	common_entry
	.endif
	.set	vector, vector + 1
	.endr

	.section .note.GNU-stack, "", @progbits
