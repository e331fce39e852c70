/* SPDX-License-Identifier: BSL-1.0 */
/* good: a call of the next instruction, whose return address is popped */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "lea 0x12345(%eax), %eax; nop", "call 1f; 1: pop %eax", with_x
	UNFRAME
	ret
	END
