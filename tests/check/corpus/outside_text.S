/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: the record's site is not in executable memory of the image [record] */
#include "corpus.h"
	function f
site:	nop
	ret
	end	f
	.data
data:	nop
	form	plain
	nop
	form_end plain
	original c0, plain, 1
#ifdef FIXED
	alternative site, c0
#else
	alternative data, c0
#endif
