/* SPDX-License-Identifier: BSL-1.0 */
/* good: all registers are pushed and popped */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "movl $1, 4(%esp)", "pusha; nop; call one; popa", with_x
	UNFRAME
	ret
	END
