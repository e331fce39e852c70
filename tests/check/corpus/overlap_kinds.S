/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative "one": its site overlaps the one of static key "k", at the same address [overlap] */
#include "corpus.h"
	function f
.Lkey:	{disp32} jmp 1f // here
.Lother:	{disp32} jmp 1f
	ret
1:	ret
	end	f
	text	one, one
	form	jump, 1, 1
	.byte	0xe9
	.long	1b - . - 4
	form_end jump
	original c1, jump, 5, one
	cell	k_cell, k
	named	k, k, FvvE, k_cell
	key	.Lkey, 1b, k
#ifdef FIXED
	alternative .Lother, c1
#else
	alternative .Lkey, c1
#endif
