/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: form "x" branches to its own byte 4, inside an instruction [target] */
#include "corpus.h"
#ifdef FIXED
#define BY 5
#else
#define BY 2
#endif
	function f
.Lsite:	nop // here
	.fill	6, 1, 0x90
	ret
	end	f
	form	plain
	.fill	7, 1, 0x90
	form_end plain
	form	jump
	.byte	0xeb, BY
	mov	$7, %eax
	form_end jump
	feature	x
	original c0, plain, 7
	when	c1, jump, x, c0, 7
	alternative .Lsite, c1
