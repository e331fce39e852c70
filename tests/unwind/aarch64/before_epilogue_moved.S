/* SPDX-License-Identifier: BSL-1.0 */
/* The same with a form that changes the frame pointer: the row after the site does not need it, and the caller's is in memory. */
/* expect: stack layout conflict at equal offset: at byte 4 of alternative, their values in x29 differ [stack-layout] */
/* expect: unwind state incompatible: at byte 4 of alternative, the unwind information has the caller's frame at sp+16, and with this form it is at no known distance from sp [unwind-state] */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "nop", "mov x29, x0", with_x
	.cfi_def_cfa 31, 16
	UNFRAME
	ret
	END
