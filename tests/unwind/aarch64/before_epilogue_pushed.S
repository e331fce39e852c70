/* SPDX-License-Identifier: BSL-1.0 */
/* The same with a form that changes the stack pointer. */
/* expect: stack layout conflict at equal offset: at byte 4 of alternative, the first has pushed 0 bytes, the second has pushed 16 bytes [stack-layout] */
/* expect: unwind state incompatible: at byte 4 of alternative, the unwind information has the caller's frame at sp+16, and with this form it is at no known distance from sp [unwind-state] */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "nop", "sub sp, sp, #16", with_x
	.cfi_def_cfa 31, 16
	UNFRAME
	ret
	END
