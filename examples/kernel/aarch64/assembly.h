/* SPDX-License-Identifier: BSL-1.0 */
/*
 * assembly: functions in assembly, with their type and size for disassemblers and debuggers.
 */
#ifndef KERNEL_ASSEMBLY_H
#define KERNEL_ASSEMBLY_H

#define FUNCTION(name)		.globl name; .type name, %function; name:
#define LOCAL_FUNCTION(name)	.type name, %function; name:
#define END_FUNCTION(name)	.size name, . - name

#endif
