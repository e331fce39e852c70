/* SPDX-License-Identifier: BSL-1.0 */
/* A shorter form leaves the stack changed: at the site's end the forms differ. */
/* expect: stack layout conflict at equal offset: at byte 8 of alternative, the first has pushed 0 bytes, the second has pushed 8 bytes [stack-layout] */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "lea 0x12345(%rsp), %rax", "push %rax", with_x
	UNFRAME
	ret
	END
