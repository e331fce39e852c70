/* SPDX-License-Identifier: BSL-1.0 */
/* expect: error: entry 1 of a jump table goes to byte 1 of the site of alternative in f+0x2c [into] */
/* machine: i386 */
/* A switch in position-independent code. */
#include "corpus.h"
	function thunk
	mov	(%esp), %ebx
	ret
	end	thunk
	function f
	push	%ebx
	call	thunk
	add	$_GLOBAL_OFFSET_TABLE_, %ebx
	mov	8(%esp), %eax
	cmp	$1, %eax
	ja	.Lafter
	mov	.Ltable@GOTOFF(%ebx,%eax,4), %eax
	add	%ebx, %eax
	notrack jmp *%eax // here
.Lafter: pop	%ebx
	ret
	.balign	16, 0x90
.Lsite:	nop
.Linside: nop
	jmp	.Lafter
	end	f
	.section .rodata
	.balign	4
#ifdef FIXED
.Ltable: .long	.Lafter@GOTOFF, .Lsite@GOTOFF
#else
.Ltable: .long	.Lafter@GOTOFF, .Linside@GOTOFF
#endif
	.long	-1
	form	two
	.fill	2, 1, 0x90
	form_end two
	original c0, two, 2
	alternative .Lsite, c0
