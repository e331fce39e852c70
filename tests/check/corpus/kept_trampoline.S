/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: an indirect branch, in an image that is built for retpolines [retpoline] */
/* expect: warning: static call "c": no call of its trampoline follows the marker; it stays indirect [missed] */
/* check: --retpoline */
#include "corpus.h"
	function g
	ret
	end	g
	function trampoline
	jmp	*cell_c(%rip) // here
	end	trampoline
	function f
.Lmark:	nop
#ifdef FIXED
	call	trampoline
#else
	call	g
#endif
	ret
	end	f
	cell	cell_c, c, g
	named	c, c, FvvE, cell_c, trampoline
	call_record .Lmark, c
