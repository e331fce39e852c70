/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: a relative operand of the chosen form does not reach its target from the site [record] */
/* flags: -Wl,--section-start=.far=0x90000000 */
#include "corpus.h"
	function f
site:	nop // here
	.fill	4, 1, 0x90
	ret
	end	f
	.pushsection .far, "ax"
	.globl	far
	.type	far, %function
far:	ret
	.size	far, 1
	.popsection
	form	plain
	.fill	5, 1, 0x90
	form_end plain
	form	jump, 1, 1
	.byte	0xe9
#ifdef FIXED
	.long	f - . - 4
#else
	.long	0x7fffff00 // from where the form is kept; the site is before it
#endif
	form_end jump
	feature	x
	original c0, plain, 5
	when	c1, jump, x, c0, 5
	alternative site, c1
