/* SPDX-License-Identifier: BSL-1.0 */
/* expect: stack layout conflict at equal offset: at byte 3 of alternative, their values in rbp differ [stack-layout] */
/* expect: unwind state incompatible: at byte 3 of alternative, the unwind information has the caller's frame at rbp+16, and with this form it is at no known distance from rbp [unwind-state] */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "mov %rax, %rcx", "mov %rax, %rbp", with_x
	UNFRAME
	ret
	END
