/* SPDX-License-Identifier: BSL-1.0 */
/* The call ends before the push. (Its padding has a boundary at the end only: rows of the push are not reached.) */
/* good */
#include "../case.h"
	BEGIN
	sub	$8, %rsp
	.cfi_adjust_cfa_offset 8
	ALTERNATIVE "mov $1, %eax; push %rcx; ROW 8; pop %rcx; ROW -8", "call one", with_x
	add	$8, %rsp
	.cfi_adjust_cfa_offset -8
	ret
	END
