/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: entry 1 of a jump table goes to byte 4 of the site of alternative in f+0x28 [into] */
/* machine: aarch64 */
/* A switch as GCC compiles it: distances in words. */
#include "corpus.h"
	function f
	cmp	w0, 1
	bhi	.Lafter
	adrp	x1, .Ltable
	add	x1, x1, :lo12:.Ltable
	ldrb	w1, [x1, w0, uxtw]
	adr	x0, .Lbase
	add	x1, x0, w1, sxtb #2
	br	x1 // here
.Lbase:
.Lafter: ret
	ret
.Lsite:	nop
.Linside: nop
	ret
	end	f
	.section .rodata
	.balign	4
#ifdef FIXED
.Ltable: .byte	(.Lafter - .Lbase) / 4, (.Lsite - .Lbase) / 4
#else
.Ltable: .byte	(.Lafter - .Lbase) / 4, (.Linside - .Lbase) / 4
#endif
	.byte	-1
	form	two
	nop
	nop
	form_end two
	original c0, two, 8
	alternative .Lsite, c0
