/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: its site begins inside an instruction [boundary] */
/* machine: i386 */
#include "corpus.h"
	function f
#ifdef FIXED
	push	%es
#else
	.byte	0xb8, 0, 0, 0 // mov eax, imm32, whose last byte is the site
#endif
.Lsite:	nop // here
	ret
	end	f
	form	plain
	nop
	form_end plain
	original c0, plain, 1
	alternative .Lsite, c0
