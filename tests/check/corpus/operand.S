/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: a form has a relative operand that reaches over its end [record] */
#include "corpus.h"
#ifdef FIXED
#define AT 1
#else
#define AT 2
#endif
	function f
site:	nop // here
	.fill	4, 1, 0x90
	ret
	end	f
	form	plain
	.fill	5, 1, 0x90
	form_end plain
	form	jump, 1, AT
	.byte	0xe9
	.long	f - . - 4
	form_end jump
	feature	x
	original c0, plain, 5
	when	c1, jump, x, c0, 5
	alternative site, c1
