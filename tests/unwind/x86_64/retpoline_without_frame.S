/* SPDX-License-Identifier: BSL-1.0 */
/* Within the form's own call, the stack is deeper. */
/* expect: unwind state incompatible: at byte 9 of alternative, the unwind information has the caller's frame at rsp+8, and with this form it is at rsp+16 [unwind-state] */
#include "../case.h"
	BEGIN
	ALTERNATIVE "jmp *%rax", "call 2f; 1: pause; jmp 1b; 2: mov %rax, (%rsp); ret", with_x
	END
