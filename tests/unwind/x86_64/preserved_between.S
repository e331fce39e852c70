/* SPDX-License-Identifier: BSL-1.0 */
/* Between push and pop, no row says where rbx is. */
/* expect: unwind state incompatible: at byte 6 of alternative, the unwind information has the caller's rbx unchanged in rbx, and with this form it is not there [unwind-state] */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "lea 0x12345(%rsp), %rax", "push %rbx; mov $1, %ebx; pop %rbx", with_x
	UNFRAME
	ret
	END
