/* SPDX-License-Identifier: BSL-1.0 */
/*
 * notes: they make one ELF file bootable in two ways.
 *
 * What. ELF notes of the owner "Xen". A loader of PVH kernels (QEMU's -kernel) reads one of them, type 18: a 32-bit
 * address to jump to, in protected mode without paging. Xen's builder of dom0 reads the others.
 * Why. Neither asks for a header of its own, so that the same file serves both.
 * How. Numbers and meanings: xen/include/public/elfnote.h of Xen 4.17.
 */
#include "layout.h"

	.macro	NOTE_TEXT type, text
	.pushsection .note.xen, "a", @note
	.balign	4
	.long	4, 2f - 1f, \type
	.asciz	"Xen"
1:	.asciz	"\text"
2:	.balign	4
	.popsection
	.endm

	.macro	NOTE_NUMBER type, value
	.pushsection .note.xen, "a", @note
	.balign	4
	.long	4, 8, \type
	.asciz	"Xen"
	.quad	\value
	.popsection
	.endm

	NOTE_TEXT   6, "inlay"			/* GUEST_OS */
	NOTE_TEXT   5, "xen-3.0"		/* XEN_VERSION: of the interface */
	NOTE_TEXT   8, "generic"		/* LOADER */
	NOTE_TEXT   9, "yes"			/* PAE_MODE */
	NOTE_TEXT   10, "!writable_page_tables|pae_pgdir_above_4gb" /* FEATURES */
	NOTE_NUMBER 1, xen_start		/* ENTRY */
	NOTE_NUMBER 2, hypercall_page		/* HYPERCALL_PAGE: Xen fills it in */
	NOTE_NUMBER 3, KERNEL_BASE		/* VIRT_BASE */
	NOTE_NUMBER 18, (pvh_start-KERNEL_BASE)	/* PHYS32_ENTRY */

	.section .note.GNU-stack, "", @progbits
