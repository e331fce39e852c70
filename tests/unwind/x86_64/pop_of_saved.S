/* SPDX-License-Identifier: BSL-1.0 */
/* One form restores rbx from the stack, the other one drops it; the row after the site says that it is restored. */
/* expect: unwind state incompatible: at byte 8 of alternative, the unwind information has the caller's rbx unchanged in rbx, and with this form it is not there [unwind-state] */
#include "../case.h"
	BEGIN
	push	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_offset 3, -16
	ALTERNATIVE "mov (%rsp), %rbx; add $8, %rsp; ROW -8", "{disp32} lea 8(%rsp), %rsp", with_x
	.cfi_restore 3
	ret
	END
