/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative "fence": the site holds bytes that inlay did not write: a debugger's breakpoint, or another patcher's [record] */
#include "corpus.h"
	function f
#ifdef FIXED
site:	mfence
#else
site:	sfence // here
#endif
	ret
	end	f
	text	name, fence
	form	plain
	mfence
	form_end plain
	original c0, plain, 3, name
	alternative site, c0
