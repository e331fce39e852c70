/* SPDX-License-Identifier: BSL-1.0 */
/* expect: note: the targets of 1 indirect jump are not known; branches from there into sites are not excluded [into] */
/* Nothing bounds the index. A jump through a pointer is a call in tail position. */
/* status: 0 */
#include "corpus.h"
	function f
#ifdef FIXED
	mov	8(%rsi), %rax
	jmp	*%rax
#else
	lea	.Ltable(%rip), %rdx
	movslq	(%rdx,%rdi,4), %rax
	add	%rdx, %rax
	jmp	*%rax
#endif
.Lsite:	nop
	ret
	end	f
	.section .rodata
	.balign	4
.Ltable: .long	.Lsite - .Ltable
	form	plain
	nop
	form_end plain
	original c0, plain, 1
	alternative .Lsite, c0
