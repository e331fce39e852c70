/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: the record's site is longer than 64 bytes [record] */
#include "corpus.h"
#ifdef FIXED
#define LENGTH 64
#else
#define LENGTH 65
#endif
	function f
site:	nop // here
	.fill	LENGTH - 1, 1, 0x90
	ret
	end	f
	form	plain
	.fill	LENGTH, 1, 0x90
	form_end plain
	original c0, plain, LENGTH
	alternative site, c0
