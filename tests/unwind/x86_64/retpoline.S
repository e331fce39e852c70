/* SPDX-License-Identifier: BSL-1.0 */
/* good: a call within the form pushes, and the jump back is never reached */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "jmp *%rax", "call 2f; 1: pause; jmp 1b; 2: mov %rax, (%rsp); ret", with_x
	END
