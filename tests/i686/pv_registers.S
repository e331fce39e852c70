/* SPDX-License-Identifier: BSL-1.0 */
/*
 * call_with_pattern(target, registers): as in tests/pv_registers.S; registers are eax, ecx, edx. The stack is off by 4
 * bytes, as an assembly call may find it.
 */
	.text
	.globl	call_with_pattern, leaves_junk, keeps_registers, changes_registers
	.type	call_with_pattern, @function
call_with_pattern:
	push	%ebx
	push	%esi
	mov	12(%esp), %esi
	mov	16(%esp), %ebx
	mov	$0x11111111, %eax
	mov	%eax, %ecx
	mov	%eax, %edx
	call	*%esi
	mov	%eax, (%ebx)
	mov	%ecx, 4(%ebx)
	mov	%edx, 8(%ebx)
	pop	%esi
	pop	%ebx
	ret

/* bool(): false, with junk above its eight bits; changes nothing else. */
	.type	leaves_junk, @function
leaves_junk:
	mov	$0x12345600, %eax
	ret

/* u32(u32): three times its argument, in eax; callee-save by itself. */
	.type	keeps_registers, @function
keeps_registers:
	lea	(%eax,%eax,2), %eax
	ret

/* bool(): false; changes the call-clobbered registers, and counts if the stack is not aligned. */
	.type	changes_registers, @function
changes_registers:
	lea	4(%esp), %eax
	and	$15, %eax
	add	%eax, misaligned
	mov	$-1, %ecx
	mov	%ecx, %edx
	mov	$0x1ff00, %eax
	ret

	.data
	.globl	misaligned
misaligned:	.long	0

	.section .note.GNU-stack, "", @progbits
