/* SPDX-License-Identifier: BSL-1.0 */
/* A form changes the upper half of the return address. */
/* expect: unwind state incompatible: at byte 6 of alternative, the unwind information has the return address in memory at the caller's frame-8, and with this form it is not there [unwind-state] */
#include "../case.h"
	BEGIN
	ALTERNATIVE "mfence; nop; nop; nop", "lock addl $0, 4(%rsp)", with_x
	ret
	END
