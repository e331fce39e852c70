/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: no symbol leads to its site, so its instructions cannot be decoded [symbol] */
#include "corpus.h"
	function f
	ret
	end	f
#ifdef FIXED
	function g
#endif
.Lsite:	nop // here
	ret
#ifdef FIXED
	end	g
#endif
	form	plain
	nop
	form_end plain
	original c0, plain, 1
	alternative .Lsite, c0
