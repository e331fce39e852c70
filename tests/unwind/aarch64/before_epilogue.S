/* SPDX-License-Identifier: BSL-1.0 */
/* good: before an epilogue, Clang's rows go over to the stack pointer, with asynchronous tables */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "nop", "bl one", with_x
	.cfi_def_cfa 31, 16
	UNFRAME
	ret
	END
