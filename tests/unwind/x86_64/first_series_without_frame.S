/* SPDX-License-Identifier: BSL-1.0 */
/* The same in a function without a frame pointer: no row says that byte 1 is eight bytes deeper. */
/* expect: unwind state incompatible: at byte 1 of alternative, the unwind information has the caller's frame at rsp+16, and with this form it is at rsp+24 [unwind-state] */
/* expect:     form "y": */
/* expect:         pushfq */
#include "../case.h"
	BEGIN
	sub	$8, %rsp
	.cfi_adjust_cfa_offset 8
	ALTERNATIVE_2 "call *slot", "call one", with_x, "pushf; pop %rax", with_y
	add	$8, %rsp
	.cfi_adjust_cfa_offset -8
	ret
	END
