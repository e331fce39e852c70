/* SPDX-License-Identifier: BSL-1.0 */
/* good: rbp changes in the middle, where no other form has a boundary, and at a distance that is known */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "movabs $0x123456789, %rcx", "mov %rbp, %rax; mov %rax, %rbp", with_x
	UNFRAME
	ret
	END
