/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: the section was truncated, or a linker script sets its symbols where the records are not [truncated] */
#include "corpus.h"
	function f
site:	nop
	ret
	end	f
	form	plain
	nop
	form_end plain
	original c0, plain, 1
	alternative site, c0
#ifndef FIXED
	.pushsection inlay_alternatives, "a"
	.long	site - .
	.popsection
#endif
