/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: a branch goes to byte 4 of the site of alternative in f [into] */
/* machine: aarch64 */
#include "corpus.h"
	function f
.Lsite:	nop
.Linside: nop
	ret
	end	f
	function g
#ifdef FIXED
	cbz	x0, .Lsite
#else
	cbz	x0, .Linside // here
#endif
	ret
	end	g
	form	plain
	nop
	nop
	form_end plain
	original c0, plain, 8
	alternative .Lsite, c0
