/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: entry 1 of a jump table goes to byte 2 of the site of alternative "wait" in g [into] */
/* A switch over 3 to 5, in code for one address; the jump comes after a join. The index is in memory, as without
   optimisation. */
#include "corpus.h"
	function f
	push	%rbp
	mov	%rsp, %rbp
	mov	%edi, -4(%rbp)
	mov	-4(%rbp), %eax
	sub	$3, %eax
	mov	%eax, -8(%rbp)
	cmpl	$2, -8(%rbp)
	jae	.Lother
.Lpick:	mov	-8(%rbp), %eax
	jmp	*.Ltable(,%rax,8) // here
.Lone:	mov	$1, %eax
.Lend:	pop	%rbp
	ret
.Lother: movl	$0, -8(%rbp)
	cmpl	$2, -8(%rbp)
	jb	.Lpick
	jmp	.Lend
	end	f
	function g
.Lsite:	nop
	nop
.Linside: nop
	ret
	end	g
	.section .rodata
	.balign	8
#ifdef FIXED
.Ltable: .quad	.Lone, .Lend
#else
.Ltable: .quad	.Lone, .Linside
#endif
	.quad	-1
	text	name, wait
	form	three
	.fill	3, 1, 0x90
	form_end three
	original c0, three, 3, name
	alternative .Lsite, c0
