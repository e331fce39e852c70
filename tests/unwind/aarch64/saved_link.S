/* SPDX-License-Identifier: BSL-1.0 */
/* good: both forms push at the same bytes */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "stp x0, x30, [sp, #-16]!; bl one; ldp x0, x30, [sp], #16", "str x0, [sp, #-16]!; mov x0, #1; ldr x0, [sp], #16", with_x
	UNFRAME
	ret
	END
