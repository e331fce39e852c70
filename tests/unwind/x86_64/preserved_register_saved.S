/* SPDX-License-Identifier: BSL-1.0 */
/* good: the function has saved it */
#include "../case.h"
	BEGIN
	push	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_offset 3, -16
	ALTERNATIVE "mov $1, %ecx", "mov $1, %ebx", with_x
	pop	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore 3
	ret
	END
