/* SPDX-License-Identifier: BSL-1.0 */
/*
 * Entry code whose alternatives hold a kernel's own macros, for the assembler and for the preprocessor. entry_test.cpp
 * calls it under every mask of entry_x and entry_y.
 */
#include <inlay/asm.h>

#define TEXT_OF(...) TEXT_OF_(__VA_ARGS__)
#define TEXT_OF_(...) #__VA_ARGS__
#define RESULT(value) mov $value, %eax

	.macro load value, to=%eax      /* an argument, and one that may be left out */
	mov	$\value, \to
	.endm

	.macro count steps              /* a label of its own each time, repetition, and a jump back */
	xor	%eax, %eax
	mov	$\steps, %ecx
.Lagain_\@:
	.rept	2
	inc	%eax
	.endr
	dec	%ecx
	jnz	.Lagain_\@
	.endm

	.macro call_saving target, registers:vararg     /* a relative operand, any number of arguments, recursion */
	save_all \registers
	call	\target
	restore_all \registers
	.endm
	.macro save_all first, more:vararg
	.ifnb \first
	push	%\first
	save_all \more
	.endif
	.endm
	.macro restore_all first, more:vararg
	.ifnb \first
	restore_all \more
	pop	%\first
	.endif
	.endm

	.macro go_to where=macro_one
	jmp	\where
	.endm
	.macro go_through slot
	jmp	*\slot(%rip)
	.endm

	.macro choose which             /* conditional assembly by the argument's text */
	.ifc \which, fast
	load	6
	.else
	load	5, %ecx
	mov	%ecx, %eax
	.endif
	.endm

	.macro either first, second     /* an alternative in a macro with arguments, which another one has as its old form */
	ALTERNATIVE "load \first", "load \second, %ecx; mov %ecx, %eax", entry_x
	.endm

	.text
	.globl	macro_argument, macro_label, macro_call, macro_ternary, macro_condition, macro_nested, macro_preprocessed

	.type	macro_argument, @function
macro_argument:
	ALTERNATIVE "load 1", "load 2, %ecx; mov %ecx, %eax", entry_x
	ret

	.type	macro_label, @function
macro_label:
	ALTERNATIVE_2 "count 1", "count 2; nop", entry_x, "nop; count 3", entry_y
	ret

	.type	macro_call, @function
macro_call:
	push	%rbx
	ALTERNATIVE "call_saving macro_one; .byte 0x0f, 0x1f, 0x40, 0", "call_saving macro_two, rcx, rdx", entry_y
	pop	%rbx
	ret

	.type	macro_ternary, @function
macro_ternary:
	ALTERNATIVE_TERNARY "go_through macro_slot", entry_x, "go_to macro_two", "go_to"

	.type	macro_condition, @function
macro_condition:
	ALTERNATIVE "choose slow", "choose fast", entry_x
	ret

	.type	macro_nested, @function
macro_nested:
	ALTERNATIVE "either 1, 2", "load 3", entry_y
	ret

	.type	macro_preprocessed, @function
macro_preprocessed:
	ALTERNATIVE_3 TEXT_OF(RESULT(1)), TEXT_OF(RESULT(2); nop), entry_x, TEXT_OF(load 3), entry_y, "load 4", entry_both
	ret

macro_one:
	load	1
	ret
macro_two:
	load	2
	ret
macro_three:
	load	3
	ret

	.data
macro_slot:
	.quad	macro_three

	.section .note.GNU-stack, "", @progbits
