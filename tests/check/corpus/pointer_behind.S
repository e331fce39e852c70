/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative "op": the record is a call's, and follows an alternative of the same site: the call would overwrite it [record] */
#include "corpus.h"
	function g
	ret
	end	g
	function f
.Lsite:	call	*pointer(%rip) // here
	ret
	end	f
	text	op, op
	form	other
	.fill	6, 1, 0x90
	form_end other
	form	call_op, 3, 2
	.byte	0xff, 0x15
	.long	pointer - . - 4
	form_end call_op
	.pushsection .rodata
	.balign	4
	.long	pointer - ., g - ., g - .
	.popsection
	.data
	.balign	8
pointer: .quad	g
	original c0, call_op, 6, op
	original d0, other, 6
#ifndef FIXED
	alternative .Lsite, d0
#endif
	alternative .Lsite, c0
