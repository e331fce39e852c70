/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: static key "k": the site holds bytes that inlay did not write: a debugger's breakpoint, or another patcher's [record] */
#include "corpus.h"
	function f
#ifdef FIXED
site:	{disp32} jmp 1f
#else
site:	mov	$1, %eax // here
#endif
	ret
1:	ret
	end	f
	cell	k_cell, k
	named	k, k, FvvE, k_cell
	key	site, 1b, k
