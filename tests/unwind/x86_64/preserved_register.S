/* SPDX-License-Identifier: BSL-1.0 */
/* The caller's rbx is taken for unchanged. */
/* expect: stack layout conflict at equal offset: at byte 5 of alternative, their values in rbx differ [stack-layout] */
/* expect: unwind state incompatible: at byte 5 of alternative, the unwind information has the caller's rbx unchanged in rbx, and with this form it is not there [unwind-state] */
#include "../case.h"
	BEGIN
	ALTERNATIVE "mov $1, %ecx", "mov $1, %ebx", with_x
	ret
	END
