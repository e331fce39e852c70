/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: its function cannot be decoded up to the site: the bytes at f are no instruction [symbol] */
#include "corpus.h"
	function f
#ifndef FIXED
	.byte	0x06 // push es: no instruction of 64-bit mode
#endif
site:	nop // here
	ret
	end	f
	form	plain
	nop
	form_end plain
	original c0, plain, 1
	alternative site, c0
