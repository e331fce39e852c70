/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: entry 2 of a jump table goes to byte 1 of the site of alternative "wait" in f+0x20 [into] */
/* A switch as GCC compiles it with -fPIE -fcf-protection. */
#include "corpus.h"
	function f
	cmp	$2, %edi
	ja	.Lafter
	lea	.Ltable(%rip), %rdx
	mov	%edi, %edi
	movslq	(%rdx,%rdi,4), %rax
	add	%rdx, %rax
	notrack jmp *%rax // here
.Lone:	mov	$1, %eax
	ret
	.balign	16, 0x90
.Lsite:	nop
.Linside: nop
	nop
.Lafter: ret
	end	f
	.section .rodata
	.balign	4
.Ltable: .long	.Lone - .Ltable, .Lsite - .Ltable
#ifdef FIXED
	.long	.Lafter - .Ltable
#else
	.long	.Linside - .Ltable
#endif
	.long	0x7fffffff // no entry: the comparison says so
	text	name, wait
	form	three
	.fill	3, 1, 0x90
	form_end three
	original c0, three, 3, name
	alternative .Lsite, c0
