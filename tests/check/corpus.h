/* SPDX-License-Identifier: BSL-1.0 */
/*
 * corpus.h: tables by hand, for objects that are wrong in one point (tests/check/run.sh). The layouts are table.hpp's.
 *
 *     function f
 *     site:   nop
 *             ret
 *     end f
 *     form    f0
 *             nop
 *     form_end f0
 *     original c0, f0, 1              // choice c0: the form f0, of a site of 1 byte
 *     alternative site, c0            // its record
 */
	.macro function name
	.text
	.globl	\name
	.type	\name, %function
\name:
	.endm
	.macro end name
	.size	\name, . - \name
	.endm

	.macro form name, kind=1, relative=255
	.pushsection .rodata
	.balign	4
\name:
	.byte	\name\()_end - \name\()_begin, \kind, 0, 0
	.byte	\relative, 255, 255, 255
\name\()_begin:
	.endm
	.macro form_end name
\name\()_end:
	.popsection
	.endm

	/* The last choice: the form without a predicate. */
	.macro original name, form, length, called=0
	.pushsection .rodata
	.balign	4
\name:
	.long	\form - ., 0, 0
	.ifc \called,0
	.long	0
	.else
	.long	\called - .
	.endif
	.byte	\length, 0, 0, 0
	.popsection
	.endm
	.macro when name, form, predicate, otherwise, length, ordinal=1, called=0
	.pushsection .rodata
	.balign	4
\name:
	.long	\form - ., \predicate - ., \otherwise - .
	.ifc \called,0
	.long	0
	.else
	.long	\called - .
	.endif
	.byte	\length, \ordinal, 0, 0
	.popsection
	.endm
	/* A predicate `name`: the feature of that name, found by hand (or by a probe of another kind). */
	.macro feature name, kind=0, op=1
	.pushsection .data
	.balign	4
\name\()_cell:
	.long	0, 0, 0
\name\()_record:
	.long	\name\()_cell - ., \name\()_name - ., \kind, 0, 0, 0, 0
\name:
	.byte	\op, 0, 0, 0
	.long	0, \name\()_record - ., 0
	.popsection
	text	\name\()_name, "\name"
	.endm
	.macro text name, characters
	.pushsection .rodata
\name:
	.asciz	"\characters"
	.popsection
	.endm

	.macro alternative site, choices
	.pushsection inlay_alternatives, "a"
	.balign	4
	.long	\site - ., \choices - .
	.popsection
	.endm

	/* A cell of 8-byte pointers, for a key or a call named `of`, "c" or "k": its value, 8 bytes, the hash of its name
	   (FNV-1a), then the other nine pointers and 12 bytes. */
	.set	code_of_c, 'c'
	.set	code_of_k, 'k'
	.macro cell name, of, value=0
	.pushsection .data
	.balign	8
\name:
	.quad	\value
	.zero	8
	.long	((2166136261 ^ code_of_\of) * 16777619) & 0xffffffff
	.zero	84
	.popsection
	.endm
	/* The name of a key (trampoline 0) or of a static call. */
	.macro named label, name, type, cell, trampoline=0
	text	\label\()_text, "\name"
	text	\label\()_type, "\type"
	.pushsection inlay_names, "a"
	.balign	4
\label:
	.long	\label\()_text - ., \label\()_type - ., \cell - .
	.ifc \trampoline,0
	.long	0
	.else
	.long	\trampoline - .
	.endif
	.popsection
	.endm
	/* A site of a key; `shape` as in table.hpp. */
	.macro key site, target, named, shape=0
	.pushsection inlay_keys, "aw"
	.balign	4
	.long	\site - ., \target - ., \named - . + \shape
	.popsection
	.endm
	/* The marker of a call. */
	.macro call_record site, callee
	.pushsection inlay_calls, "aw"
	.balign	4
	.long	\site - ., \callee - .
	.popsection
	.endm

	.globl	_start
	.weak	_start
