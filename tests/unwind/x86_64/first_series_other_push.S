/* SPDX-License-Identifier: BSL-1.0 */
/* A second form with a boundary at byte 1, and nothing pushed. */
/* expect: stack layout conflict at equal offset: at byte 1 of alternative, the first has pushed 8 bytes, the second has pushed 0 bytes [stack-layout] */
/* expect:     first: form "x": */
/* expect:         pushfq */
/* expect:         pop rax */
/* expect:     second: form "y": */
/* expect:         cli */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE_2 "call *slot", "pushf; pop %rax", with_x, "cli; mov %ebx, %eax", with_y
	UNFRAME
	ret
	END
