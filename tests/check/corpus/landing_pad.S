/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: form "x" has no landing pad where the original has one [landing] */
#include "corpus.h"
	function f
.Lsite:	endbr64 // here
	ret
	end	f
	form	plain
	endbr64
	form_end plain
	form	other
#ifdef FIXED
	endbr64
#else
	xor	%eax, %eax
#endif
	form_end other
	feature	x
	original c0, plain, 4
	when	c1, other, x, c0, 4
	alternative .Lsite, c1
