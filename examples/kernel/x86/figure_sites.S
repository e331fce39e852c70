/* SPDX-License-Identifier: BSL-1.0 */
/*
 * figure_sites: 1,024 nops of five bytes, which no processor runs: how long a change of many sites takes (test_live.cpp).
 */
	.text
	.balign	64
	.globl	figure_sites
figure_sites:
	.rept	1024
	.byte	0x0f, 0x1f, 0x44, 0x00, 0x00
	.endr

	.section .note.GNU-stack, "", @progbits
