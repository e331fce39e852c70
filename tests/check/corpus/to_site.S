/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative "jumper": form "x" branches to byte 2 of the site of alternative "other" [target] */
#include "corpus.h"
#ifdef FIXED
#define TO .Lother
#else
#define TO .Lother + 2
#endif
	function f
.Lsite:	nop // here
	.fill	4, 1, 0x90
	ret
	end	f
	function g
.Lother: .fill	5, 1, 0x90
	ret
	end	g
	text	jumper, jumper
	text	other, other
	form	plain
	.fill	5, 1, 0x90
	form_end plain
	form	jump, 1, 1
	.byte	0xe9
	.long	TO - . - 4
	form_end jump
	feature	x
	original c0, plain, 5, jumper
	when	c1, jump, x, c0, 5, 1, jumper
	original d0, plain, 5, other
	alternative .Lsite, c1
	alternative .Lother, d0
