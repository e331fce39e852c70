/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative "two": its site overlaps the one of alternative "one", which begins 1 bytes before and has 3 [overlap] */
#include "corpus.h"
	function f
.Lone:	nop
#ifdef FIXED
	nop
	nop
#endif
.Ltwo:	nop // here
	nop
	nop
	ret
	end	f
	text	one, one
	text	two, two
	form	three
	.fill	3, 1, 0x90
	form_end three
	original c1, three, 3, one
	original c2, three, 3, two
	alternative .Lone, c1
	alternative .Ltwo, c2
