/* SPDX-License-Identifier: BSL-1.0 */
/* A form overwrites the return address. */
/* expect: unwind state incompatible: at byte 4 of alternative, the unwind information has the return address in memory at the caller's frame-8, and with this form it is not there [unwind-state] */
#include "../case.h"
	BEGIN
	ALTERNATIVE "mov %rax, %rcx; nop", "mov %rax, (%rsp)", with_x
	ret
	END
