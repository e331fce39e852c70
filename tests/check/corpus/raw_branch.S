/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: an indirect branch, in an image that is built for retpolines [retpoline] */
/* check: --retpoline */
#include "corpus.h"
	function __x86_indirect_thunk_rax
	jmp	*%rax
	end	__x86_indirect_thunk_rax
	function f
.Lsite:	nop
#ifdef FIXED
	jmp	__x86_indirect_thunk_rax
#else
	jmp	*%rax // here
#endif
	end	f
	form	plain
	nop
	form_end plain
	original c0, plain, 1
	alternative .Lsite, c0
