/* SPDX-License-Identifier: BSL-1.0 */
/*
 * calls: out of EL1: to the hypervisor, to firmware, to the emulator.
 *
 * What. hvc and smc by the SMC Calling Convention (Arm DEN 0028): function and arguments in x0 to x3, the result in x0;
 * a semihosting call: operation in w0, its block in x1.
 * Why here. The registers are fixed, and a C++ function call has them where they belong.
 */
	.text
	.globl	call_hypervisor, call_firmware, call_semihosting
call_hypervisor:
	hvc	#0
	ret
call_firmware:
	smc	#0
	ret
call_semihosting:
	hlt	#0xf000
	ret

	.section .note.GNU-stack, "", %progbits
