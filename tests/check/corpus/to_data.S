/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: alternative: form "x" branches to 0x404000, which is no text of this file [target] */
/* object: no */
/* flags: -Wl,--section-start=.data=0x404000 */
#include "corpus.h"
#ifdef FIXED
#define TO g
#else
#define TO value
#endif
	function f
.Lsite:	nop // here
	.fill	4, 1, 0x90
	ret
	end	f
	function g
	mov	$7, %eax
	ret
	end	g
	.data
value:	.long	0
	.text
	form	plain
	.fill	5, 1, 0x90
	form_end plain
	form	jump, 1, 1
	.byte	0xe9
	.long	TO - . - 4
	form_end jump
	feature	x
	original c0, plain, 5
	when	c1, jump, x, c0, 5
	alternative .Lsite, c1
