/* SPDX-License-Identifier: BSL-1.0 */
/* expect: unwind state incompatible: at byte 1 of alternative, the unwind information has the caller's frame at esp+4, and with this form it is at esp+8 [unwind-state] */
#include "../case.h"
	BEGIN
	ALTERNATIVE "mov $1, %ax", "push %ebx; pop %ebx", with_x
	ret
	END
