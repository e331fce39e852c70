/* SPDX-License-Identifier: BSL-1.0 */
/* good */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "lea 0x12345(%rsp), %rax", "push %rax; mov %rsp, %rax; pop %rcx", with_x
	UNFRAME
	ret
	END
