/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: name "k": the record refers to memory outside the image [name] */
#include "corpus.h"
	function f
	ret
	end	f
	cell	one, k
#ifdef FIXED
	named	first, k, FbvE, one
#else
	named	first, k, FbvE, f
#endif
