/* SPDX-License-Identifier: BSL-1.0 */
/* The form calls, and the return address is in no memory. */
/* expect: unwind state incompatible: at byte 4 of alternative, with this form, the table cannot say where the return address is [unwind-state] */
#include <inlay/asm.h>
	.text
	.globl	function
	.type	function, %function
function:
	.cfi_startproc
	ALTERNATIVE "nop; nop", "bl one; nop", with_x
	ret
	.cfi_endproc
	.size	function, . - function
	.section .note.GNU-stack, "", %progbits
