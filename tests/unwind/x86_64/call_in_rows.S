/* SPDX-License-Identifier: BSL-1.0 */
/* The call's last byte is in the row of the old instructions between push and pop, where an unwinder in `one` looks. */
/* expect: unwind state incompatible: at byte 0 of alternative, the unwind information has the caller's frame at rsp+24, and with this form it is at rsp+16 [unwind-state] */
/* expect:     form "x": */
/* expect:         call one */
#include "../case.h"
	BEGIN
	sub	$8, %rsp
	.cfi_adjust_cfa_offset 8
	ALTERNATIVE "mov %rax, %rdx; push %rcx; ROW 8; pop %rcx; ROW -8", "call one", with_x
	add	$8, %rsp
	.cfi_adjust_cfa_offset -8
	ret
	END
