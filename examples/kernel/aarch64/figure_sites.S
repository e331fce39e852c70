/* SPDX-License-Identifier: BSL-1.0 */
/*
 * figure_sites: 4,096 nops, which no processor runs: how long a change of many sites takes (live_figures.hpp).
 */
	.text
	.balign	64
	.globl	figure_sites
figure_sites:
	.rept	4096
	nop
	.endr

	.section .note.GNU-stack, "", %progbits
