/* SPDX-License-Identifier: BSL-1.0 */
/* expect: stack layout conflict at equal offset: at byte 1 of alternative, the first has pushed 8 bytes, the second has pushed 0 bytes [stack-layout] */
/* expect:     first: form in the file: */
/* expect:         push rax */
/* expect:         pop rax */
/* expect:     second: form "x": */
/* expect:         nop */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "push %rax; pop %rax", "nop; nop", with_x
	UNFRAME
	ret
	END
