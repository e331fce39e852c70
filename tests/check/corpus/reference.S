/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: the record refers to memory outside the image [record] */
#include "corpus.h"
	function f
site:	nop // here
	ret
	end	f
	form	plain
	nop
	form_end plain
	original c0, plain, 1
#ifdef FIXED
	alternative site, c0
#else
	alternative site, c0 + 0x10000000
#endif
