/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: a replacement is longer than the record's site [record] */
#include "corpus.h"
	function f
site:	nop // here
	.fill	2, 1, 0x90
	ret
	end	f
	form	plain
	.fill	3, 1, 0x90
	form_end plain
	form	longer
	mfence
#ifndef FIXED
	nop
#endif
	form_end longer
	feature	x
	original c0, plain, 3
	when	c1, longer, x, c0, 3
	alternative site, c1
