/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: form "x" is no sequence of instructions from byte 0 on [form] */
#include "corpus.h"
	function f
.Lsite:	nop // here
	nop
	ret
	end	f
	form	plain
	nop
	nop
	form_end plain
	form	other
#ifdef FIXED
	.byte	0x31, 0xc0
#else
	.byte	0xb8, 0x01 // two of five bytes
#endif
	form_end other
	feature	x
	original c0, plain, 2
	when	c1, other, x, c0, 2
	alternative .Lsite, c1
