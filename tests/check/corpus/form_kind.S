/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: a form is of unknown kind [record] */
#include "corpus.h"
#ifdef FIXED
#define KIND 1
#else
#define KIND 9
#endif
	function f
site:	nop // here
	ret
	end	f
	form	plain, KIND
	nop
	form_end plain
	original c0, plain, 1
	alternative site, c0
