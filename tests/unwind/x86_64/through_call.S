/* SPDX-License-Identifier: BSL-1.0 */
/* One form keeps a register of the caller in rax, which the called function changes. */
/* expect: stack layout conflict at equal offset: at byte 11 of alternative, their values in rbx differ [stack-layout] */
/* expect: unwind state incompatible: at byte 11 of alternative, the unwind information has the caller's rbx unchanged in rbx, and with this form it is not there [unwind-state] */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "nopw 0(%rax,%rax); nopl 0(%rax)", "mov %rbx, %rax; call one; mov %rax, %rbx", with_x
	UNFRAME
	END
