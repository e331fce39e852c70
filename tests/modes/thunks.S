/* SPDX-License-Identifier: BSL-1.0 */
/* The thunks that a kernel with mitigations has, as plain as can be. */
	.text
	.globl	__x86_return_thunk, __x86_indirect_thunk_r11, __x86_indirect_thunk_rax
	.globl	__x86_indirect_thunk_rcx, __x86_indirect_thunk_rdx, __x86_indirect_thunk_rbx, __x86_indirect_thunk_rbp
	.globl	__x86_indirect_thunk_rsi, __x86_indirect_thunk_rdi, __x86_indirect_thunk_r8, __x86_indirect_thunk_r9
	.globl	__x86_indirect_thunk_r10, __x86_indirect_thunk_r12, __x86_indirect_thunk_r13, __x86_indirect_thunk_r14
	.globl	__x86_indirect_thunk_r15
__x86_return_thunk:
	ret
	.irp	reg, rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
__x86_indirect_thunk_\reg:
	jmp	*%\reg
	.endr
	.section .note.GNU-stack, "", @progbits
