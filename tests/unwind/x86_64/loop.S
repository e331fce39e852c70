/* SPDX-License-Identifier: BSL-1.0 */
/* A loop that pushes each time. */
/* expect: stack layout conflict at equal offset: at byte 0 of alternative, the first has pushed 0 bytes, the second has another stack pointer [stack-layout] */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "mov $1, %eax", "1: push %rax; dec %ecx; jne 1b", with_x
	UNFRAME
	ret
	END
