/* SPDX-License-Identifier: BSL-1.0 */
/* expect: warning: a call of trampoline has no marker; it stays indirect [unmarked] */
/* check: --strict */
#include "corpus.h"
	function g
	ret
	end	g
	function trampoline
	jmp	*cell_c(%rip)
	end	trampoline
	function f
.Lmark:	call	trampoline
.Lsecond: call	trampoline // here
	ret
	end	f
	cell	cell_c, c, g
	named	c, c, FvvE, cell_c, trampoline
	call_record .Lmark, c
#ifdef FIXED
	call_record .Lsecond, c
#endif
