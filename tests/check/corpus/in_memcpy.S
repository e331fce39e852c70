/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: its site is in memcpy, which runs while text is written [patcher] */
#include "corpus.h"
#ifdef FIXED
#define NAME fast_memcpy
#else
#define NAME memcpy
#endif
	function NAME
.Lsite:	nop // here
	ret
	end	NAME
	form	plain
	nop
	form_end plain
	original c0, plain, 1
	alternative .Lsite, c0
