/* SPDX-License-Identifier: BSL-1.0 */
/*
 * start: from the loader to C++, for the first processor and for the others; and the stub at EL2.
 *
 * What. The header of a Linux Image, so that the file boots as kernel.elf and as kernel.img. The way down to EL1, and
 * on to the MMU. The stub that stays at EL2.
 * Why a stub. A hypervisor can see each access to a register. The stub counts the accesses that trap. So a test can
 * show that the kernel makes none (to a PMU that does not exist).
 * How. The MMU is off, and so are the caches. So this code reads no memory that another processor has written through a
 * cache, except `secondary_boot` (smp.cpp cleans it).
 */
#include "assembly.h"
#include "layout.h"

#define EL2_COUNTERS 16

	.section .text.boot, "ax", %progbits
	.globl	image_header
image_header:					/* Linux, Documentation/arch/arm64/booting.rst */
	b	start
	.word	0
	.quad	0				/* offset from a boundary of 2 MiB */
	.quad	image_size
	.quad	2				/* little-endian, pages of 4 KiB */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.word	0

LOCAL_FUNCTION(start)
	msr	daifset, #15
	mov	x19, x0				/* the device tree, if the loader knows the protocol of Linux */
	mov	x20, #0				/* number of this processor */
	bl	go_to_el1
	mov	x21, x0				/* where it came in: 1 or 2 */
	adrp	x0, bss_begin
	add	x0, x0, :lo12:bss_begin
	adrp	x1, bss_end
	add	x1, x1, :lo12:bss_end
1:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	1b
	adrp	x0, cpu_stacks
	add	x0, x0, :lo12:cpu_stacks
	add	sp, x0, #STACK_SIZE
	adrp	x0, vectors
	add	x0, x0, :lo12:vectors
	msr	vbar_el1, x0
	isb
	mov	x29, #0
	mov	x30, #0
	mov	x0, x19
	mov	x1, x21
	bl	boot_main
	b	.
END_FUNCTION(start)

/* Of another processor, by PSCI's CPU_ON: x0 is its number. */
FUNCTION(secondary_start)
	msr	daifset, #15
	mov	x20, x0
	bl	go_to_el1
	adrp	x0, secondary_boot
	add	x0, x0, :lo12:secondary_boot
	mov	x30, #0
	bl	mmu_on
	adrp	x0, cpu_stacks
	add	x0, x0, :lo12:cpu_stacks
	add	x1, x20, #1
	mov	x2, #STACK_SIZE
	madd	x0, x1, x2, x0
	mov	sp, x0
	adrp	x0, vectors
	add	x0, x0, :lo12:vectors
	msr	vbar_el1, x0
	isb
	mov	x29, #0
	mov	x30, #0
	mov	x0, x20
	bl	secondary_main
	b	.
END_FUNCTION(secondary_start)

/* mmu_on(translation): translates by these registers from here on. Text lies at the same addresses before and after. */
FUNCTION(mmu_on)
	ldp	x1, x2, [x0, #TRANSLATION_MAIR]
	ldp	x3, x4, [x0, #TRANSLATION_TTBR0]
	msr	mair_el1, x1
	msr	tcr_el1, x2
	msr	ttbr0_el1, x3
	isb
	tlbi	vmalle1
	ic	iallu
	dsb	nsh
	isb
	msr	sctlr_el1, x4
	isb
	ret
END_FUNCTION(mmu_on)

/*
 * Goes to EL1 from the level in which the loader left it, and returns there. x20: number of this processor. x0
 * afterwards: the level it came from, 1 or 2. Changes x0 to x3.
 */
LOCAL_FUNCTION(go_to_el1)
	ldr	x1, =0x30d00800			/* SCTLR_EL1: nothing on, the bits that are 1 where a feature is missing */
	mrs	x0, CurrentEL
	lsr	x0, x0, #2
	cmp	x0, #2
	b.hi	at_el3
	b.eq	at_el2
	msr	sctlr_el1, x1
	msr	spsel, #1
	isb
	ret

at_el2:	msr	spsel, #1
	ldr	x2, =0x30080000000		/* HCR_EL2: EL1 is AArch64, and may use its pointer authentication; no more */
	msr	hcr_el2, x2
	isb
	msr	sctlr_el1, x1
	mrs	x2, midr_el1
	msr	vpidr_el2, x2
	mrs	x2, mpidr_el1
	msr	vmpidr_el2, x2
	mov	x2, #3				/* EL1 may read the counter and set the timer */
	msr	cnthctl_el2, x2
	msr	cntvoff_el2, xzr
	msr	vttbr_el2, xzr
	msr	hstr_el2, xzr
	mov	x2, #0x33ff			/* CPTR_EL2: no traps of FP and SVE */
	mrs	x3, id_aa64pfr0_el1
	tst	x3, #0xf << 32			/* SVE: its bit traps where it is 1 */
	b.eq	1f
	bic	x2, x2, #1 << 8
1:	msr	cptr_el2, x2
	mov	x2, #0				/* MDCR_EL2: no traps; EL1 has all event counters, if there are some */
	mrs	x3, id_aa64dfr0_el1
	ubfx	x3, x3, #8, #4
	cbz	x3, 1f
	cmp	x3, #15
	b.eq	1f
	mrs	x2, pmcr_el0
	ubfx	x2, x2, #11, #5
1:	msr	mdcr_el2, x2
	mrs	x3, id_aa64pfr0_el1
	ubfx	x3, x3, #24, #4			/* GIC system registers: EL1 may use them */
	cbz	x3, 1f
	mrs	x2, S3_4_C12_C9_5		/* ICC_SRE_EL2: SRE, Enable */
	orr	x2, x2, #1
	orr	x2, x2, #8
	msr	S3_4_C12_C9_5, x2
	isb
	mrs	x2, S3_4_C12_C9_5
	tbz	x2, #0, 1f			/* firmware does not want it */
	msr	S3_4_C12_C11_0, xzr		/* ICH_HCR_EL2: no virtual interrupts */
1:	mrs	x3, id_aa64mmfr0_el1
	ubfx	x3, x3, #56, #4			/* fine-grained traps: none */
	cbz	x3, 1f
	msr	S3_4_C1_C1_4, xzr		/* HFGRTR_EL2, HFGWTR_EL2, HFGITR_EL2, HDFGRTR_EL2, HDFGWTR_EL2 */
	msr	S3_4_C1_C1_5, xzr
	msr	S3_4_C1_C1_6, xzr
	msr	S3_4_C3_C1_4, xzr
	msr	S3_4_C3_C1_5, xzr
1:	adrp	x2, el2_vectors
	add	x2, x2, :lo12:el2_vectors
	msr	vbar_el2, x2
	adrp	x2, el2_areas			/* SP_EL2: two registers and the counters of this processor */
	add	x2, x2, :lo12:el2_areas
	add	x2, x2, x20, lsl #10
	mov	sp, x2
	mov	x3, #EL2_COUNTERS + 8 * 64
2:	sub	x3, x3, #8
	str	xzr, [x2, x3]
	cbnz	x3, 2b
	mov	x2, #0x3c5			/* EL1h, everything masked */
	msr	spsr_el2, x2
	msr	elr_el2, x30
	eret
END_FUNCTION(go_to_el1)

/*
 * EL3 belongs to firmware: it starts processors, and says which interrupts are not secure. Here is none. (With
 * secure=on QEMU boots kernel.img, which it takes for Linux, below EL3.)
 */
LOCAL_FUNCTION(at_el3)
	mrs	x0, mpidr_el1
	tst	x0, #0xffffff
1:	b.ne	1b				/* all processors are here at once */
	adr	x1, entered_at_el3
	mov	w0, #4				/* SYS_WRITE0 */
	hlt	#0xf000
	adr	x1, exit_block
	mov	w0, #0x20			/* SYS_EXIT_EXTENDED */
	hlt	#0xf000
	b	.
END_FUNCTION(at_el3)
	.balign	8
exit_block:
	.quad	0x20026, 127
entered_at_el3:
	.asciz	"ABORT: entered at EL3, which is for firmware; boot kernel.img instead of kernel.elf\nEXIT: STATUS=127\n"
	.balign	4

/*
 * The stub at EL2. Exceptions come here from EL1 alone: hvc, and instructions that MDCR_EL2 and others trap. A trapped
 * instruction is counted by its exception class and skipped. To trap more: add a call to `el2_call`, or write MDCR_EL2
 * by EL2_MDCR. The counters are written and read here alone, with the MMU off: EL1 asks for them by hvc.
 */
	.macro	el2_vector target
	.balign	128
	b	\target
	.endm
	.balign	4096
FUNCTION(el2_vectors)
	.rept	8				/* from EL2 itself: does not happen */
	el2_vector el2_stuck
	.endr
	el2_vector el2_sync
	.rept	7
	el2_vector el2_stuck
	.endr
END_FUNCTION(el2_vectors)

LOCAL_FUNCTION(el2_sync)
	stp	x9, x10, [sp]
	mrs	x9, esr_el2
	lsr	x9, x9, #26
	cmp	x9, #0x16			/* hvc from AArch64 */
	b.eq	el2_call
	add	x10, sp, #EL2_COUNTERS
	add	x10, x10, x9, lsl #3
	ldr	x9, [x10]
	add	x9, x9, #1
	str	x9, [x10]
	mrs	x9, elr_el2
	add	x9, x9, #4
	msr	elr_el2, x9
el2_return:
	ldp	x9, x10, [sp]
	eret
el2_call:
	cmp	x0, #EL2_TRAPS
	b.ne	1f
	and	x9, x1, #63
	add	x10, sp, #EL2_COUNTERS
	ldr	x0, [x10, x9, lsl #3]
	b	el2_return
1:	cmp	x0, #EL2_MDCR
	b.ne	1f
	mrs	x0, mdcr_el2
	msr	mdcr_el2, x1
	isb
	b	el2_return
1:	mov	x0, #-1				/* not known: as SMCCC says it */
	b	el2_return
END_FUNCTION(el2_sync)
LOCAL_FUNCTION(el2_stuck)
	adr	x1, exit_block
	mov	w0, #0x20
	hlt	#0xf000
	b	.
END_FUNCTION(el2_stuck)
	.ltorg

	.bss
	.balign	1024
el2_areas:
	.zero	1024 * MOST_CPUS

	.section .note.GNU-stack, "", %progbits
