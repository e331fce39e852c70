/* SPDX-License-Identifier: BSL-1.0 */
/* good: both restore it in their last instruction */
#include "../case.h"
	BEGIN
	push	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_offset 3, -16
	ALTERNATIVE "pop %rbx; ROW -8", "pop %rbx", with_x
	.cfi_restore 3
	ret
	END
