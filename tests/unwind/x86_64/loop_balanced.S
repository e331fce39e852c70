/* SPDX-License-Identifier: BSL-1.0 */
/* good */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "movabs $0x123456789, %rax", "1: push %rax; pop %rdx; dec %ecx; jne 1b", with_x
	UNFRAME
	ret
	END
