/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: form "x" branches to g+0x2, where no instruction begins [target] */
#include "corpus.h"
#ifdef FIXED
#define TO g
#else
#define TO g + 2
#endif
	function f
.Lsite:	nop // here
	.fill	4, 1, 0x90
	ret
	end	f
	function g
	mov	$7, %eax
	ret
	end	g
	form	plain
	.fill	5, 1, 0x90
	form_end plain
	form	jump, 1, 1
	.byte	0xe9
	.long	TO - . - 4
	form_end jump
	feature	x
	original c0, plain, 5
	when	c1, jump, x, c0, 5
	alternative .Lsite, c1
