/* SPDX-License-Identifier: BSL-1.0 */
/* good: Clang's epilogues do not say that the popped rbp is the caller's again; the jump's target does */
#include "../case.h"
	BEGIN
	FRAME
	pop	%rbp
	.cfi_def_cfa 7, 8
	ALTERNATIVE "", "jmp two", with_x
	ret
	END
