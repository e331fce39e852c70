/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: a feature has a probe of unknown kind [record] */
#include "corpus.h"
#ifdef FIXED
#define KIND 0
#else
#define KIND 3
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
	feature	x, KIND
	original c0, plain, 1
	when	c1, other, x, c0, 1
	alternative site, c1
