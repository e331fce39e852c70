/* SPDX-License-Identifier: BSL-1.0 */
/*
 * figure_sites: 4,096 nops of five bytes, which no processor runs: how long a change of many sites takes
 * (live_figures.hpp).
 */
	.text
	.balign	64
	.globl	figure_sites
figure_sites:
	.rept	4096
	.byte	0x0f, 0x1f, 0x44, 0x00, 0x00
	.endr

	.section .note.GNU-stack, "", @progbits
