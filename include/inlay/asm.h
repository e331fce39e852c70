/* SPDX-License-Identifier: BSL-1.0 */
/*
 * asm.h: alternatives in .S files, for entry code that no compiler writes.
 *
 *         #include <inlay/asm.h>
 *
 *         ALTERNATIVE "swapgs", "", entry_is_xenpv          // swapgs, or three bytes of nop
 *         ALTERNATIVE "", "jmp xen_return", entry_is_xenpv  // five bytes of nop, or a jump
 *         ALTERNATIVE_TERNARY "jmp *slot(%rip)", entry_is_xenpv, "jmp xen_iret", "jmp native_iret"
 *
 * and in one C++ unit, to give predicates names that an assembler can spell:
 *
 *         extern "C" [[gnu::visibility("hidden")]] const inlay::table::predicate_node entry_is_xenpv;
 *         inlay::name_for_assembly<&entry_is_xenpv, cpu.xenpv>();         // in a function that is linked in
 *
 * How it works. The records are those of alternative.hpp. An assembler cannot say where in an instruction a
 * relative operand lies. So each form is assembled twice, one copy after the other: bytes that differ are a
 * relative operand (table.hpp, form_kind::twice). Because of the two copies, use numeric labels.
 * Several instructions are separated by semicolons. The order of arguments is Linux's (asm/alternative.h).
 * The last `new` whose predicate holds wins. To nest one alternative in another's old instructions, put the inner one
 * into a separate macro and name the macro. (Strings do not nest in GNU as.)
 *
 * A form may use a kernel's own macros, with arguments: ALTERNATIVE "SAVE rcx, rdx", "SAVE_ALL", entry_x. A form is
 * assembled twice, the old one three times. So labels of such a macro are numeric or have \@ in them. The macro defines
 * no symbol, and writes to no other section. Macros of the preprocessor are not seen in a string: make one of them
 * (Linux's __stringify), #define TEXT_OF(x...) #x one level down.
 *
 * In old instructions, a jump that may be short ("jmp near_label", in the same section) has another length at the
 * site than in its form. Then apply() refuses the site, because its bytes are not those of the form
 * (error::site_changed). Write "jmp *slot", or the label into another section. In new instructions any jump is fine.
 */
#ifndef INLAY_ASM_H
#define INLAY_ASM_H

#ifdef __ASSEMBLER__

.set	inlay_in_form, 0

/*
 * Relocations that change nothing (docs/linking.md). A linker that folds identical functions sees which alternatives
 * they have. A script that puts the records elsewhere does not link.
 */
	.macro inlay_relocations site, choice
	.reloc	\site, BFD_RELOC_NONE, \choice
#ifndef INLAY_RELOCATABLE
	.hidden	__start_inlay_alternatives
	.reloc	\site, BFD_RELOC_NONE, __start_inlay_alternatives
#endif
	.endm

/* A table::form: the text, twice. An alternative inside of it is only its old instructions. */
	.macro inlay_form id, text
	.pushsection .rodata.inlay.entry, "a", @progbits
	.balign	4
.Linlay_form_\id:
	.byte	.Linlay_again_\id - .Linlay_first_\id, 2, 0, 0
	.byte	255, 255, 255, 255
	.set	inlay_in_form, 1
.Linlay_first_\id:
	\text
.Linlay_again_\id:
	\text
	.set	inlay_in_form, 0
	.popsection
	.endm

/* A table::choice; `length` is an expression, `before` and `predicate` may be empty. */
	.macro inlay_choice id, form, predicate, before, length, ordinal
	.pushsection .rodata.inlay.entry, "a", @progbits
	.balign	4
.Linlay_choice_\id:
	.long	.Linlay_form_\form - .
	.ifb \predicate
	.long	0, 0
	.else
	.long	\predicate - ., .Linlay_choice_\before - .
	.endif
	.long	0
	.byte	\length, \ordinal, 0, 0
	.popsection
	.endm

/* The old instructions, padded to `length`, and the site's record. */
	.macro inlay_site id, text, length, choice
.Linlay_site_\id:
	\text
.Linlay_site_end_\id:
	inlay_relocations .Linlay_site_\id, .Linlay_choice_\choice
	.fill	-((\length) > (.Linlay_site_end_\id - .Linlay_site_\id)) * ((\length) - (.Linlay_site_end_\id - .Linlay_site_\id)), 1, 0x90
	.pushsection inlay_alternatives, "ao", @progbits, .Linlay_site_\id
	.balign	4
	.long	.Linlay_site_\id - ., .Linlay_choice_\choice - .
	.popsection
	.endm

/* Bytes of a form, and the larger of two numbers (a comparison is -1 where it is true). */
#define INLAY_LENGTH(id) (.Linlay_again_##id -.Linlay_first_##id)
#define INLAY_LARGER(a, b) ((a) - ((b) > (a)) * ((b) - (a)))

/* ALTERNATIVE old, new, predicate */
	.macro ALTERNATIVE old, new, predicate:req
	.if inlay_in_form
	\old
	.else
	inlay_form \@_0, "\old"
	inlay_form \@_1, "\new"
	.set	.Linlay_length_\@, INLAY_LARGER(INLAY_LENGTH(\@_0), INLAY_LENGTH(\@_1))
	inlay_choice \@_0, \@_0, , , .Linlay_length_\@, 0
	inlay_choice \@_1, \@_1, \predicate, \@_0, .Linlay_length_\@, 1
	inlay_site \@, "\old", .Linlay_length_\@, \@_1
	.endif
	.endm

/* ALTERNATIVE_2 old, new1, predicate1, new2, predicate2 */
	.macro ALTERNATIVE_2 old, new1, predicate1:req, new2, predicate2:req
	.if inlay_in_form
	\old
	.else
	inlay_form \@_0, "\old"
	inlay_form \@_1, "\new1"
	inlay_form \@_2, "\new2"
	.set	.Linlay_length1_\@, INLAY_LARGER(INLAY_LENGTH(\@_0), INLAY_LENGTH(\@_1))
	.set	.Linlay_length_\@, INLAY_LARGER(.Linlay_length1_\@, INLAY_LENGTH(\@_2))
	inlay_choice \@_0, \@_0, , , .Linlay_length_\@, 0
	inlay_choice \@_1, \@_1, \predicate1, \@_0, .Linlay_length_\@, 1
	inlay_choice \@_2, \@_2, \predicate2, \@_1, .Linlay_length_\@, 2
	inlay_site \@, "\old", .Linlay_length_\@, \@_2
	.endif
	.endm

/* ALTERNATIVE_3 old, new1, predicate1, new2, predicate2, new3, predicate3 */
	.macro ALTERNATIVE_3 old, new1, predicate1:req, new2, predicate2:req, new3, predicate3:req
	.if inlay_in_form
	\old
	.else
	inlay_form \@_0, "\old"
	inlay_form \@_1, "\new1"
	inlay_form \@_2, "\new2"
	inlay_form \@_3, "\new3"
	.set	.Linlay_length1_\@, INLAY_LARGER(INLAY_LENGTH(\@_0), INLAY_LENGTH(\@_1))
	.set	.Linlay_length2_\@, INLAY_LARGER(.Linlay_length1_\@, INLAY_LENGTH(\@_2))
	.set	.Linlay_length_\@, INLAY_LARGER(.Linlay_length2_\@, INLAY_LENGTH(\@_3))
	inlay_choice \@_0, \@_0, , , .Linlay_length_\@, 0
	inlay_choice \@_1, \@_1, \predicate1, \@_0, .Linlay_length_\@, 1
	inlay_choice \@_2, \@_2, \predicate2, \@_1, .Linlay_length_\@, 2
	inlay_choice \@_3, \@_3, \predicate3, \@_2, .Linlay_length_\@, 3
	inlay_site \@, "\old", .Linlay_length_\@, \@_3
	.endif
	.endm

/* The predicate that always holds (table::predicate_op::always). */
	.pushsection .data.inlay.entry, "aw", @progbits
	.balign	4
.Linlay_always:
	.byte	5, 0, 0, 0
	.long	0
	.long	0, 0
	.popsection

/* ALTERNATIVE_TERNARY old, predicate, yes, no: `old` until apply() ran, then one of the two. */
	.macro ALTERNATIVE_TERNARY old, predicate:req, yes, no
	ALTERNATIVE_2 "\old", "\no", .Linlay_always, "\yes", \predicate
	.endm

#endif /* __ASSEMBLER__ */
#endif /* INLAY_ASM_H */
