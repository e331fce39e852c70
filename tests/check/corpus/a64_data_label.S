/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: no symbol leads to its site, so its instructions cannot be decoded [symbol] */
/* machine: aarch64 */
#include "corpus.h"
	function f
	ret
	end	f
	.word	0
table_entry:	// a name among data begins no instructions
#ifdef FIXED
	nop
#else
	.word	0xd503201f // the bytes of nop, but data to the assembler
#endif
	form	plain
	nop
	form_end plain
	original c0, plain, 4
	alternative table_entry, c0
