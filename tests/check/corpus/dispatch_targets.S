/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: call "d": a choice names a target that the callee does not have [record] */
#include "corpus.h"
#ifdef FIXED
#define ORDINAL 1
#else
#define ORDINAL 200
#endif
	function g
	ret
	end	g
	function trampoline
	jmp	*cell_d(%rip)
	end	trampoline
	function f
.Lmark:	call	trampoline // here
	ret
	end	f
	text	name, d
	feature	x
	.data
	.balign	8
cell_d:	.quad	g
targets: .quad	g, g
	.section .rodata
	.balign	4
c0:	.long	0, 0, 0, 0
	.byte	0, 0, 0, 0
c1:	.long	0, x - ., c0 - ., 0
	.byte	0, ORDINAL, 0, 0
callee:	.long	name - ., trampoline - ., cell_d - ., targets - ., c1 - .
	call_record .Lmark, callee
