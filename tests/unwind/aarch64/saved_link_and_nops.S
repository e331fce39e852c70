/* SPDX-License-Identifier: BSL-1.0 */
/* expect: stack layout conflict at equal offset: at byte 4 of alternative, the first has pushed 16 bytes, the second has pushed 0 bytes [stack-layout] */
/* expect:     first: form in the file: */
/* expect:         stp x0, x30, [sp, #-0x10]! */
/* expect:         bl one */
/* expect:     second: form "x": */
/* expect:         mov x1, x2 */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "stp x0, x30, [sp, #-16]!; bl one; ldp x0, x30, [sp], #16", "mov x1, x2", with_x
	UNFRAME
	ret
	END
