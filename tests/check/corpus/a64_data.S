/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: no symbol leads to its site, so its instructions cannot be decoded [symbol] */
/* machine: aarch64 */
#include "corpus.h"
	function f
	ret
#ifdef FIXED
.Lsite:	nop
#else
.Lsite:	.word	0xd503201f // the bytes of nop, but data to the assembler
#endif
	ret
	end	f
	form	plain
	nop
	form_end plain
	original c0, plain, 4
	alternative .Lsite, c0
