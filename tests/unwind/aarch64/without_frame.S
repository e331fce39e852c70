/* SPDX-License-Identifier: BSL-1.0 */
/* The frame is found by sp, which the forms move alike. */
/* expect: unwind state incompatible: at byte 4 of alternative, the unwind information has the caller's frame at sp+0, and with this form it is at sp+16 [unwind-state] */
#include "../case.h"
	BEGIN
	ALTERNATIVE "str x0, [sp, #-16]!; ldr x0, [sp], #16", "sub sp, sp, #16; add sp, sp, #16", with_x
	ret
	END
