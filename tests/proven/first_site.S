/* SPDX-License-Identifier: BSL-1.0 */
/*
 * A site of three bytes, BEFORE bytes after the begin of text. See first_site.cpp.
 */
#include <inlay/asm.h>

	.section .text.unlikely, "ax", @progbits /* the linker puts it first */
	.fill	BEFORE, 1, 0x90
	ALTERNATIVE "nop; nop; nop", "lfence", first_site_on
	ret
	.section .note.GNU-stack, "", @progbits
