/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: a predicate is of unknown kind [record] */
#include "corpus.h"
#ifdef FIXED
#define OP 1
#else
#define OP 7
#endif
	function f
site:	nop // here
	ret
	end	f
	form	plain
	nop
	form_end plain
	form	other
	cld
	form_end other
	feature	x, 0, OP
	original c0, plain, 1
	when	c1, other, x, c0, 1
	alternative site, c1
