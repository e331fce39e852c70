/* SPDX-License-Identifier: BSL-1.0 */
/* good: the same with rows */
#include "../case.h"
	BEGIN
	ALTERNATIVE "str x0, [sp, #-16]!; ROW 16; ldr x0, [sp], #16; ROW -16", "sub sp, sp, #16; add sp, sp, #16", with_x
	ret
	END
