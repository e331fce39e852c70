/* SPDX-License-Identifier: BSL-1.0 */
/* expect: stack layout conflict at equal offset: at byte 1 of alternative, the first has another stack pointer, the second has pushed 0 bytes [stack-layout] */
/* expect: unwind state incompatible: at byte 1 of alternative, the unwind information has the caller's frame at rsp+8, and with this form it is at no known distance from rsp [unwind-state] */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "leave", "nop", with_x
	.cfi_def_cfa 7, 8
	.cfi_restore 6
	ret
	END
