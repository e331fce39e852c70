/* SPDX-License-Identifier: BSL-1.0 */
/* The caller's rbp is in rax for a while. */
/* expect: unwind state incompatible: at byte 2 of alternative, with this form, the table cannot say where the caller's frame and rbp are [unwind-state] */
#include <inlay/asm.h>
	.text
	.globl	function
	.type	function, @function
function:
	.cfi_startproc
	ALTERNATIVE "movabs $0x123456789, %rax", "xchg %rbp, %rax; xchg %rbp, %rax", with_x
	ret
	.cfi_endproc
	.size	function, . - function
	.section .note.GNU-stack, "", @progbits
