/* SPDX-License-Identifier: BSL-1.0 */
/* An unwinder in `one` looks at byte 4, where the other form has a boundary and a deeper stack. */
/* expect: stack layout conflict at equal offset: at byte 4 of alternative, the two forms need different entries of the table [stack-layout] */
#include <inlay/asm.h>
	.text
	.globl	function
	.type	function, @function
function:
	.cfi_startproc
	ALTERNATIVE "call one", "sub $24, %rsp; call one; add $24, %rsp", with_x
	ret
	.cfi_endproc
	.size	function, . - function
	.section .note.GNU-stack, "", @progbits
