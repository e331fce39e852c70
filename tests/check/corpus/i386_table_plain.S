/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: entry 0 of a jump table goes to byte 1 of the site of alternative in f+0x10 [into] */
/* machine: i386 */
#include "corpus.h"
	function f
	mov	4(%esp), %eax
	cmp	$2, %eax
	jb	.Lpick
	ret
	.balign	16, 0x90
.Lsite:	nop
.Linside: nop
	ret
.Lpick:	jmp	*.Ltable(,%eax,4) // here
	end	f
	.section .rodata
	.balign	4
#ifdef FIXED
.Ltable: .long	.Lsite, .Lsite
#else
.Ltable: .long	.Linside, .Lsite
#endif
	.long	-1
	form	two
	.fill	2, 1, 0x90
	form_end two
	original c0, two, 2
	alternative .Lsite, c0
