/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: static call "c": its marker is inside an instruction [boundary] */
#include "corpus.h"
	function g
	ret
	end	g
	function trampoline
	jmp	*cell_c(%rip)
	end	trampoline
	function f
#ifdef FIXED
	nop
#else
	.byte	0x0f, 0x1f, 0x40 // a nop of four bytes, whose last one is the marker
#endif
.Lmark:	nop // here
	call	trampoline
	ret
	end	f
	cell	cell_c, c, g
	named	c, c, FvvE, cell_c, trampoline
	call_record .Lmark, c
