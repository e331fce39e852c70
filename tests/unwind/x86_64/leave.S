/* SPDX-License-Identifier: BSL-1.0 */
/* good: both forms end the function's frame */
#include "../case.h"
	BEGIN
	FRAME
	ALTERNATIVE "{disp32} lea (%rsp), %rsp; leave", "nopl 0x12345678(%rax, %rax); leave", with_x
	.cfi_def_cfa 7, 8
	.cfi_restore 6
	ret
	END
