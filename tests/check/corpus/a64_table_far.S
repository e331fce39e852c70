/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: entry 1 of a jump table goes to byte 4 of the site of alternative in f+0x20 [into] */
/* machine: aarch64 */
/* A switch as Clang compiles it without optimisation: distances in bytes from the table. */
#include "corpus.h"
	function f
	mov	w9, w0
	subs	w8, w9, #1
	b.hi	.Lafter
	adrp	x10, .Ltable
	add	x10, x10, :lo12:.Ltable
	ldrsw	x8, [x10, x9, lsl #2]
	add	x8, x10, x8
	br	x8 // here
.Lsite:	nop
.Linside: nop
.Lafter: ret
	end	f
	.section .rodata
	.balign	4
#ifdef FIXED
.Ltable: .word	.Lafter - .Ltable, .Lsite - .Ltable
#else
.Ltable: .word	.Lafter - .Ltable, .Linside - .Ltable
#endif
	.word	0x7fffffff
	form	two
	nop
	nop
	form_end two
	original c0, two, 8
	alternative .Lsite, c0
