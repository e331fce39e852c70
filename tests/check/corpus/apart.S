/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative "one": its site overlaps the one of alternative "one", at the same address [overlap] */
#include "corpus.h"
	function f
.La:	nop // here
.Lb:	nop
	ret
	end	f
	text	one, one
	text	other, other
	form	plain
	nop
	form_end plain
	form	clear
	cld
	form_end clear
	feature	x
	original c0, plain, 1, one
	when	c1, clear, x, c0, 1, 1, one
	original c2, plain, 1, one
	alternative .La, c1
	alternative .Lb, c1
#ifndef FIXED
	alternative .La, c2
#endif
