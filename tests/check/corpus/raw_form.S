/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: form "x" has an indirect branch, in an image that is built for retpolines [retpoline] */
/* check: --retpoline */
#include "corpus.h"
	function f
.Lsite:	nop // here
	nop
	ret
	end	f
	form	plain
	nop
	nop
	form_end plain
	form	other
#ifdef FIXED
	ret
#else
	call	*%rax
#endif
	form_end other
	feature	x
	original c0, plain, 2
	when	c1, other, x, c0, 2
	alternative .Lsite, c1
