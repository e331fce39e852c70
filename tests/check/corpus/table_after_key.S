/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: entry 1 of a jump table goes to byte 1 of the site of static key "k" in f+0x7 [into] */
/* Between the comparison and the jump is a key's site: the table is followed, whichever form stands there. */
#include "corpus.h"
	function f
	cmp	$1, %edi
	ja	.Lafter
	mov	%edi, %eax
.Lsite:	{disp32} jmp .Lread
.Lnext:	jmp	*.Ltable(,%rax,8) // here
.Lread:	jmp	.Lnext
.Lon:	jmp	.Lnext
.Lafter: ret
	end	f
	.section .rodata
	.balign	8
#ifdef FIXED
.Ltable: .quad	.Lafter, .Lafter
#else
.Ltable: .quad	.Lafter, .Lsite + 1
#endif
	cell	cell, k
	named	k, k, FvvE, cell
	key	.Lsite, .Lon, k
