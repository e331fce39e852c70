/* SPDX-License-Identifier: BSL-1.0 */
/* Without unwind information the forms are compared with each other. */
/* good */
/* expect: x86_64/no_rows: note: 1 site moves the stack in functions without unwind information; its forms were compared with each other only [unwind-state] */
#include "../case.h"
	.text
	.globl	function
	.type	function, %function
function:
	ALTERNATIVE "push %rax; pop %rax", "xchg %ax, %ax", with_x
	ret
	.size	function, . - function
	.section .note.GNU-stack, "", %progbits
