/* SPDX-License-Identifier: BSL-1.0 */
/* Clang without asynchronous tables: the epilogue has no rows, so the one at the site is that of the body. */
/* expect: unwind state incompatible: at byte 0 of alternative, the unwind information has the caller's frame at sp+0, and with this form it is at no known distance from sp [unwind-state] */
/* expect:     the row at the site finds the frame by x29; if an epilogue before the site has restored it, that row is wrong: compile with -fasynchronous-unwind-tables */
#include "../case.h"
	BEGIN
	FRAME
	ldp	x29, x30, [sp], #16
	ALTERNATIVE "nop", "b two", with_x
	b	one
	END
