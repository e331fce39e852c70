/* SPDX-License-Identifier: BSL-1.0 */
/* good: a key's branch to an epilogue whose rows go by the stack pointer */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "nop", "b end", with_x
	nop
end:
	.cfi_def_cfa 31, 16
	UNFRAME
	ret
	END
