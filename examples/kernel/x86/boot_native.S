/* SPDX-License-Identifier: BSL-1.0 */
/*
 * boot_native: from where a PVH loader leaves a processor to 64-bit C++, and the same for the other processors.
 *
 * What. `pvh_start` runs in protected mode without paging, with ebx = the loader's start info. `ap_start` is copied to
 * AP_START and begins in real mode, where INIT-SIPI puts a processor.
 * Why. Long mode needs paging: tables are needed before any code can make them.
 * How. boot_l4 maps the first 4 GiB at their physical addresses, and the first GiB at KERNEL_BASE, all writable and
 * executable. native_tables.cpp makes better tables. Later, only a processor that starts uses boot_l4 again.
 */
#include "layout.h"

#define PHYSICAL(symbol) (symbol - KERNEL_BASE)
#define CR0_PE 1
#define CR0_WP 0x10000
#define CR0_PG 0x80000000
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100

	.section .text.boot, "ax"
	.code32
	.globl	pvh_start
pvh_start:
	cld
	movl	$PHYSICAL(boot_stack_end), %esp
	movl	%ebx, PHYSICAL(pvh_start_info)

	/* boot_l2: 2048 entries of 2 MiB: present, writable, large */
	movl	$PHYSICAL(boot_l2), %edi
	movl	$0x83, %eax
1:	movl	%eax, (%edi)
	movl	$0, 4(%edi)
	addl	$8, %edi
	addl	$0x200000, %eax
	jnc	1b

	movl	$PHYSICAL(boot_l2) + 3, %eax
	movl	$PHYSICAL(boot_l3), %edi
	movl	%eax, 510 * 8 + 4096(%edi)	/* boot_l3_high[510]: KERNEL_BASE */
	movl	$4, %ecx
2:	movl	%eax, (%edi)
	addl	$4096, %eax
	addl	$8, %edi
	loop	2b
	movl	$PHYSICAL(boot_l3) + 3, PHYSICAL(boot_l4)
	movl	$PHYSICAL(boot_l3_high) + 3, PHYSICAL(boot_l4) + 511 * 8
	movl	$PHYSICAL(boot_cpu_64), %esi
	/* falls through */

/* Enters long mode and goes on at the physical address esi, as mapped at KERNEL_BASE. Also the way of the other processors. */
enter_long_mode:
	movl	%cr4, %eax
	orl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$PHYSICAL(boot_l4), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	wrmsr
	movl	%cr0, %eax
	orl	$CR0_PG | CR0_WP | CR0_PE, %eax
	movl	%eax, %cr0
	lgdtl	PHYSICAL(boot_gdt_pointer)
	ljmpl	$KERNEL_CS, $PHYSICAL(in_long_mode)

	.code64
in_long_mode:
	movl	%esi, %esi			/* the upper half is undefined before this */
	addq	$KERNEL_BASE, %rsi
	jmp	*%rsi

/* The kernel's data segments; %fs and %gs get their bases elsewhere. */
.macro LOAD_SEGMENTS
	movl	$KERNEL_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
.endm

boot_cpu_64:
	LOAD_SEGMENTS
	leaq	boot_stack_end(%rip), %rsp
	xorl	%ebp, %ebp			/* the end of a backtrace */
	movl	pvh_start_info(%rip), %edi
	call	native_main
1:	hlt
	jmp	1b

ap_64:
	LOAD_SEGMENTS
	/* One that comes late must not take the stack of the next one: each waits for its turn. */
	movl	$1, %eax
	cpuid
	shrl	$24, %ebx			/* the number of its local APIC */
1:	pause
	cmpl	%ebx, ap_expected(%rip)
	jne	1b
	movq	ap_stack(%rip), %rsp
	xorl	%ebp, %ebp
	call	ap_main
1:	hlt
	jmp	1b

/* Copied to AP_START: addresses count from there. */
	.globl	ap_start, ap_start_end
	.code16
ap_start:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	lgdtl	AP_START + (ap_gdt_pointer - ap_start)
	movl	%cr0, %eax
	orl	$CR0_PE, %eax
	movl	%eax, %cr0
	ljmpl	$0x30, $AP_START + (1f - ap_start)
	.code32
1:	movw	$0x38, %ax
	movw	%ax, %ds
	movw	%ax, %ss
	movl	$PHYSICAL(ap_64), %esi
	movl	$PHYSICAL(enter_long_mode), %eax
	jmp	*%eax
	.balign	4
ap_gdt_pointer:
	.word	boot_gdt_end - boot_gdt - 1
	.long	PHYSICAL(boot_gdt)
ap_start_end:
	.code64

	.section .rodata
	.balign	8
boot_gdt:
	.quad	0
	.quad	0x00af9b000000ffff		/* KERNEL_CS: 64 bits */
	.quad	0x00cf93000000ffff		/* KERNEL_DS */
	.quad	0, 0, 0
	.quad	0x00cf9b000000ffff		/* 0x30: 32-bit code, on the way up */
	.quad	0x00cf93000000ffff		/* 0x38 */
boot_gdt_end:
boot_gdt_pointer:
	.word	boot_gdt_end - boot_gdt - 1
	.long	PHYSICAL(boot_gdt)

	.bss
	.balign	4096
	.globl	boot_l4
boot_l4:	.skip	4096
boot_l3:	.skip	4096
boot_l3_high:	.skip	4096
boot_l2:	.skip	4 * 4096
	.globl	boot_stack_end
boot_stack:	.skip	32768
boot_stack_end:
pvh_start_info:	.skip	8

	.section .note.GNU-stack, "", @progbits
