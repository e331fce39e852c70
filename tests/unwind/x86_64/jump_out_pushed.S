/* SPDX-License-Identifier: BSL-1.0 */
/* good: it pushes before it jumps, where the other form has no boundary */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "movabs $0x123456789, %rcx", "sub $8, %rsp; jmp deeper", with_x
	sub	$8, %rsp
deeper:
	add	$8, %rsp
	UNFRAME
	ret
	END
