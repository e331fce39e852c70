/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: the symbol g is at byte 1 of the site of alternative [entry] */
#include "corpus.h"
	.text
	.globl	f
	.type	f, %function
f:
.Lsite:	nop
#ifndef FIXED
	.size	f, 1
	function g
#endif
	nop // here
	nop
	ret
#ifdef FIXED
	end	f
#else
	end	g
#endif
	form	three
	.fill	3, 1, 0x90
	form_end three
	original c0, three, 3
	alternative .Lsite, c0
