/* SPDX-License-Identifier: BSL-1.0 */
/* The words are popped in another order. */
/* expect: stack layout conflict at equal offset: at byte 8 of alternative, their values in esi differ [stack-layout] */
/* expect: unwind state incompatible: at byte 3 of alternative, the unwind information has the caller's esi unchanged in esi, and with this form it is not there [unwind-state] */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "movl $1, 4(%esp)", "push %esi; push %edi; pop %esi; pop %edi; nopw (%eax)", with_x
	UNFRAME
	ret
	END
