/* SPDX-License-Identifier: BSL-1.0 */
/* The jump arrives where the row has a deeper stack. */
/* expect: unwind state incompatible: at byte 0 of alternative, the unwind information has the caller's frame at rsp+16, and with this form it is at rsp+8 [unwind-state] */
#include "../case.h"
	BEGIN
	ALTERNATIVE "", "jmp deeper", with_x
	sub	$8, %rsp
	.cfi_adjust_cfa_offset 8
deeper:
	add	$8, %rsp
	.cfi_adjust_cfa_offset -8
	ret
	END
