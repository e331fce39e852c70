/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: static key "k": the record refers to memory outside the image [record] */
#include "corpus.h"
	function f
site:	{disp32} jmp 1f // here
	ret
1:	ret
	end	f
	.data
2:	.long	0
	cell	k_cell, k
	named	k, k, FvvE, k_cell
#ifdef FIXED
	key	site, 1b, k
#else
	key	site, 2b, k
#endif
