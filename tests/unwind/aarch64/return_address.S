/* SPDX-License-Identifier: BSL-1.0 */
/* A leaf function's return address is in x30. */
/* expect: stack layout conflict at equal offset: at byte 4 of alternative, their values in x30 differ [stack-layout] */
/* expect: unwind state incompatible: at byte 4 of alternative, the unwind information has the caller's x30 unchanged in x30, and with this form it is not there [unwind-state] */
#include "../case.h"
	BEGIN
	ALTERNATIVE "nop", "bl one", with_x
	ret
	END
