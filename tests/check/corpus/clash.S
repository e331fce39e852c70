/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: name "k": one name stands for two types; outcome::clash() has the name and both types [name] */
#include "corpus.h"
	function f
	ret
	end	f
	cell	one, k
	cell	two, k
	named	first, k, FbvE, one
#ifdef FIXED
	named	second, k, FbvE, two
#else
	named	second, k, FivE, two
#endif
