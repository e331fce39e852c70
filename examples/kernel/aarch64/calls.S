/* SPDX-License-Identifier: BSL-1.0 */
/*
 * calls: out of EL1: to the hypervisor, to firmware, to the emulator. See calls.hpp.
 *
 * What. hvc and smc by the SMC Calling Convention (Arm DEN 0028): function and arguments in x0 to x3, the result in x0.
 * A semihosting call has the operation in w0, and its block in x1.
 * Why here. The registers are fixed, and a C++ function call has them where they belong.
 */
#include "assembly.h"

	.text
FUNCTION(call_hypervisor)
	hvc	#0
	ret
END_FUNCTION(call_hypervisor)
FUNCTION(call_firmware)
	smc	#0
	ret
END_FUNCTION(call_firmware)
FUNCTION(call_semihosting)
	hlt	#0xf000
	ret
END_FUNCTION(call_semihosting)

	.section .note.GNU-stack, "", %progbits
