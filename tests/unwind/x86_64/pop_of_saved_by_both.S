/* SPDX-License-Identifier: BSL-1.0 */
/* The boundary after the other form's pop is one of nops: it must not be in the row of the old instructions. */
/* expect: unwind state incompatible: at byte 1 of alternative, the unwind information has the caller's frame at rsp+16, and with this form it is at rsp+8 [unwind-state] */
#include "../case.h"
	BEGIN
	push	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_offset 3, -16
	ALTERNATIVE "mov (%rsp), %rbx; add $8, %rsp; ROW -8", "pop %rbx", with_x
	.cfi_restore 3
	ret
	END
