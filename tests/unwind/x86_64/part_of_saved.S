/* SPDX-License-Identifier: BSL-1.0 */
/* One form saves a register, overwrites a part of it in memory, and restores it. */
/* expect: stack layout conflict at equal offset: at byte 10 of alternative, their values in rbx differ [stack-layout] */
/* expect: unwind state incompatible: at byte 10 of alternative, the unwind information has the caller's rbx unchanged in rbx, and with this form it is not there [unwind-state] */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "nopw 0(%rax,%rax); nopw 0(%rax,%rax)", "push %rbx; movl $0, 2(%rsp); pop %rbx; nopl (%rax)", with_x
	UNFRAME
	END
