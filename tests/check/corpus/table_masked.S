/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: entry 3 of a jump table goes to byte 1 of the site of alternative in f+0x1c [into] */
/* A mask bounds the index. */
#include "corpus.h"
	function f
	and	$3, %edi
	lea	.Ltable(%rip), %rdx
	movslq	(%rdx,%rdi,4), %rax
	add	%rdx, %rax
	jmp	*%rax // here
.Lone:	mov	$1, %eax
	ret
	nop
	nop
	nop
.Lsite:	nop
.Linside: nop
	nop
	ret
	end	f
	.section .rodata
	.balign	4
.Ltable: .long	.Lone - .Ltable, .Lone - .Ltable, .Lsite - .Ltable
#ifdef FIXED
	.long	.Lone - .Ltable
#else
	.long	.Linside - .Ltable
#endif
	form	three
	.fill	3, 1, 0x90
	form_end three
	original c0, three, 3
	alternative .Lsite, c0
