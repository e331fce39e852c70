/* SPDX-License-Identifier: BSL-1.0 */
/* Without unwind information, the frame pointer counts as well as the stack. */
/* expect: stack layout conflict at equal offset: at byte 3 of alternative, their values in rbp differ [stack-layout] */
/* expect: note: 1 site moves the stack in functions without unwind information; its forms were compared with each other only [unwind-state] */
#include "../case.h"
	.text
	.globl	function
	.type	function, %function
function:
	ALTERNATIVE "mov %rsp, %rbp; nop", "nop; nop; nop; nop", with_x
	ret
	.size	function, . - function
	.section .note.GNU-stack, "", %progbits
