/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: a branch goes to byte 1 of the site of alternative "wait" in f [into] */
#include "corpus.h"
	function f
.Lsite:	nop
.Linside: nop
	nop
.Lafter: ret
	end	f
	function g
#ifdef FIXED
	jmp	.Lafter
#else
	jmp	.Linside // here
#endif
	end	g
	text	name, wait
	form	three
	.fill	3, 1, 0x90
	form_end three
	original c0, three, 3, name
	alternative .Lsite, c0
