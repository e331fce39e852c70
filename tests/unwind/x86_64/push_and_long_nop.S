/* SPDX-License-Identifier: BSL-1.0 */
/* good: the nop has no boundary at byte 1 */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "push %rax; pop %rax", "xchg %ax, %ax", with_x
	UNFRAME
	ret
	END
