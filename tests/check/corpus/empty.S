/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: the record's site has length 0 [record] */
#include "corpus.h"
#ifdef FIXED
#define LENGTH 1
#else
#define LENGTH 0
#endif
	function f
site:	nop // here
	ret
	end	f
	form	plain
	.if	LENGTH
	nop
	.endif
	form_end plain
	original c0, plain, LENGTH
	alternative site, c0
