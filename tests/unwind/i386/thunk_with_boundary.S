/* SPDX-License-Identifier: BSL-1.0 */
/* expect: stack layout conflict at equal offset: at byte 5 of alternative, the first has pushed 0 bytes, the second has pushed 4 bytes [stack-layout] */
/* expect:     first: form in the file: */
/* expect:         mov eax, 0x1 */
/* expect:     second: form "x": */
/* expect:         pop eax */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "mov $1, %eax; nop", "call 1f; 1: pop %eax", with_x
	UNFRAME
	ret
	END
