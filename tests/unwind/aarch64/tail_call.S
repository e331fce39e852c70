/* SPDX-License-Identifier: BSL-1.0 */
/* good: Clang's epilogue with asynchronous tables, and a call in tail position */
#include "../case.h"
	BEGIN
	FRAME
	.cfi_def_cfa 31, 16
	UNFRAME
	ALTERNATIVE "nop", "b two", with_x
	b	one
	END
