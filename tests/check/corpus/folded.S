/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative "stac" and alternative "clac" share a site: a linker has folded two functions that become different [folded] */
#include "corpus.h"
	function f
.Lf:	nop // here
	.fill	2, 1, 0x90
	ret
	end	f
	function g
.Lg:	nop
	.fill	2, 1, 0x90
	ret
	end	g
	text	stac_name, stac
	text	clac_name, clac
	form	three
	.fill	3, 1, 0x90
	form_end three
	form	set
	stac
	form_end set
	form	clear
	clac
	form_end clear
	feature	smap
	original c0, three, 3, stac_name
	when	c1, set, smap, c0, 3, 1, stac_name
	original d0, three, 3, clac_name
	when	d1, clear, smap, d0, 3, 1, clac_name
	alternative .Lf, c1
#ifdef FIXED
	alternative .Lg, d1
#else
	alternative .Lf, d1
#endif
