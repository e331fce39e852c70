/* SPDX-License-Identifier: BSL-1.0 */
/* A form with a frame of its own: while it lasts, rbp is another one, and the row does not know. */
/* expect: unwind state incompatible: at byte 4 of alternative, the unwind information has the caller's frame at rbp+16, and with this form it is at no known distance from rbp [unwind-state] */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "call *slot", "push %rbp; mov %rsp, %rbp; nop; leave", with_y
	UNFRAME
	ret
	END
