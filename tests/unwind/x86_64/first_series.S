/* SPDX-License-Identifier: BSL-1.0 */
/* The first series' own example: 7 bytes of call, 5 of call and a nop, 2 of pushf and pop. Byte 1 is a boundary of the last
   form alone, and the frame is found by rbp. */
/* good */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE_2 "call *slot", "call one", with_x, "pushf; pop %rax", with_y
	UNFRAME
	ret
	END
