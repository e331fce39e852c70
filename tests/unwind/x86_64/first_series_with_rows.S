/* SPDX-License-Identifier: BSL-1.0 */
/* Rows say what the last form does; the others have no boundary there. */
/* good */
#include "../case.h"
	BEGIN
	sub	$8, %rsp
	.cfi_adjust_cfa_offset 8
	ALTERNATIVE_2 "pushf; ROW 8; pop %rax; ROW -8", "call one", with_x, "call *slot", with_y
	add	$8, %rsp
	.cfi_adjust_cfa_offset -8
	ret
	END
