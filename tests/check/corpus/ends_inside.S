/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: its site ends inside an instruction [boundary] */
/* expect: error: alternative: form "original" is no sequence of instructions from byte 0 on [form] */
#include "corpus.h"
#ifdef FIXED
#define LENGTH 3
#else
#define LENGTH 2
#endif
	function f
.Lsite:	nopl	(%rax) // here
	ret
	end	f
	form	plain
	.byte	0x0f, 0x1f
	.if	LENGTH == 3
	.byte	0
	.endif
	form_end plain
	original c0, plain, LENGTH
	alternative .Lsite, c0
