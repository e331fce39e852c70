/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: name "k": the name's cell is not its own: the table, or the name, was damaged [name] */
#include "corpus.h"
	function f
	ret
	end	f
	cell	one, k
	cell	two, c
#ifdef FIXED
	named	first, k, FbvE, one
#else
	named	first, k, FbvE, two
#endif
