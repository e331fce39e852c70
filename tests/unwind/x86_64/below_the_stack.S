/* SPDX-License-Identifier: BSL-1.0 */
/* good: a form changes four bytes directly below the return address. */
#include "../case.h"
	BEGIN
	ALTERNATIVE "mfence; nop; nop; nop", "lock addl $0, -4(%rsp)", with_x
	ret
	END
