/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: form "x" has no landing pad where the original has one [landing] */
/* machine: aarch64 */
/* flags: -march=armv8.5-a */
#include "corpus.h"
	function f
.Lsite:	bti	c // here
	ret
	end	f
	form	plain
	bti	c
	form_end plain
	form	other
#ifdef FIXED
	bti	jc
#else
	nop
#endif
	form_end other
	feature	x
	original c0, plain, 4
	when	c1, other, x, c0, 4
	alternative .Lsite, c1
