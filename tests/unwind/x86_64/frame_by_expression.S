/* SPDX-License-Identifier: BSL-1.0 */
/* The caller's frame is where r10 points, as in functions that realign their stack. One form changes r10. */
/* expect: unwind state incompatible: at byte 3 of alternative, the caller's frame is computed by an expression there, which does not hold for this form [unwind-state] */
#include "../case.h"
	.text
	.globl	function
	.type	function, %function
function:
	.cfi_startproc
	.cfi_escape 0x0f, 3, 0x7a, 0, 6	// the frame is the word at r10
	ALTERNATIVE "nopl (%rax)", "mov %rax, %r10", with_x
	nop
	ret
	.cfi_endproc
	.size	function, . - function
	.section .note.GNU-stack, "", %progbits
