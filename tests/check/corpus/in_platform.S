/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: its site is in inlay::platform::bare::write, which runs while text is written [patcher] */
#include "corpus.h"
#ifdef FIXED
#define NAME _ZN5inlay4nearEmPKhm
#else
#define NAME _ZN5inlay8platform16v3_for_sse_sse2_4bare5writeEmPKhm
#endif
	function NAME
.Lsite:	nop // here
	ret
	end	NAME
	form	plain
	nop
	form_end plain
	original c0, plain, 1
	alternative .Lsite, c0
