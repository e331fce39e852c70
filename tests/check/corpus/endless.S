/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: the record's choices or predicates do not end [record] */
#include "corpus.h"
	function f
site:	nop // here
	ret
	end	f
	form	plain
	nop
	form_end plain
	feature	x
	original c0, plain, 1
#ifdef FIXED
	when	c1, plain, x, c0, 1
#else
	when	c1, plain, x, c1, 1
#endif
	alternative site, c1
