/* SPDX-License-Identifier: BSL-1.0 */
/* good: the pushed word is the caller's rbx, and comes back */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "lea 0x12345(%rsp), %rax", "push %rbx; mov %rsp, %rax; nop; pop %rbx", with_x
	UNFRAME
	ret
	END
