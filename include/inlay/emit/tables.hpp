// SPDX-License-Identifier: BSL-1.0
//
// tables: writes the structs of table.hpp, by assembler directives that are the same for all architectures.
//
//     emit::form<Code, void>();                             // a description: data, once a unit
//     emit::choice<Declaration, 1, Form, Predicate, Name, 5>();
//
// How it works. A description is written where it is first used in a unit (`.ifndef`), under a local label made from
// its anchor (anchor.hpp). Macros of arch/*/assembler.hpp spell the few parts that differ between architectures.
//
// A site's record goes to a section with flags "ao?". It is in the COMDAT group of the function around the site (`?`),
// and linked to the section of the site's own label (`o`). So the linker keeps or drops the record together with its
// code.
//
// Each statement is `asm inline`: GCC counts the lines of an assembly statement as instructions when it decides which
// functions to inline. A description of fifty lines writes no instruction.
#pragma once

#include "inlay/anchor.hpp"
#include "inlay/arch/emit.hpp"
#include "inlay/table.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

// A relocation that changes no bytes. (Assemblers of all architectures know this name.) At a site it names the
// declaration, so that a linker that folds identical functions sees the difference.
#define INLAY_RELOC(at, symbol) ".reloc " at ", BFD_RELOC_NONE, " symbol "\n\t"

// The directive for an address.
#if __SIZEOF_POINTER__ == 8
#define INLAY_WORD ".quad "
#else
#define INLAY_WORD ".long "
#endif

// A site names the symbol of its table's section in this relocation. So a linker script that moves the records without
// the symbol does not link.
#ifdef INLAY_RELOCATABLE // a kernel module, whose loader finds sections by name (docs/linking.md)
#define INLAY_SECTION_IS_THERE(at, section)
#else
#define INLAY_SECTION_IS_THERE(at, section) ".hidden __start_" section "\n\t" INLAY_RELOC(at, "__start_" section)
#endif

#define INLAY_NAMED(trampoline)                                                                                        \
    ".ifndef .Linlay_named.%c[id]\n\t"                                                                                 \
    ".pushsection inlay_names,\"a\",@progbits,unique,%=\n\t"                                                           \
    ".balign 4\n"                                                                                                      \
    ".Linlay_named.%c[id]:\n\t"                                                                                        \
    ".long %c[name] - ., .Linlay_signature.%c[signature] - ., %c[cell] - ., " trampoline "\n\t"                        \
    ".popsection\n\t"                                                                                                  \
    ".endif"

namespace [[gnu::visibility("hidden")]] inlay {
namespace emit {

using arch::emit::relative_offsets;
using detail::anchor_of;
using detail::id_of;

/// A `table::form` with the bytes of `Code`, whose macro has been defined. For a call through the pointer of
/// `Operation`, three references follow. They are to the pointer, to the function that does nothing, and to the
/// reporter of missing targets.
template <auto Code, class Operation>
[[gnu::always_inline]] inline void form() noexcept {
    if constexpr (inlay::detail::same<Operation, void>) {
        asm inline volatile(
            ".ifndef .Linlay_form.%c[id]\n\t"
            ".pushsection .rodata.inlay.%c[id],\"a\",@progbits\n\t"
            ".balign 4\n"
            ".Linlay_form.%c[id]:\n\t"
            ".byte %c[length],%c[kind],0,0\n\t"
            ".long %c[at]\n\t"
            "inlay_code.%c[id]\n\t"
            ".popsection\n\t"
            ".endif"
            :
            : [id] INLAY_SYMBOL(anchor_of<inlay::detail::of_code<Code>>), [length] "i"(int{Code.length}),
              [kind] "i"(static_cast<int>(table::form_kind::plain)), [at] "i"(relative_offsets(Code)));
    } else {
        asm inline volatile(
            ".ifndef .Linlay_form.%c[id]\n\t"
            ".pushsection .rodata.inlay.%c[id],\"a\",@progbits\n\t"
            ".balign 4\n"
            ".Linlay_form.%c[id]:\n\t"
            ".byte %c[length],%c[kind],0,0\n\t"
            ".long %c[at]\n\t"
            "inlay_code.%c[id]\n\t"
            ".balign 4\n\t"
            ".long %c[pointer] - ., %c[nothing] - ., %c[missing] - .\n\t"
            ".popsection\n\t"
            ".endif"
            :
            : [id] INLAY_SYMBOL(anchor_of<inlay::detail::of_code<Code>>), [length] "i"(int{Code.length}),
              [kind] "i"(static_cast<int>(table::form_kind::indirect_call)), [at] "i"(relative_offsets(Code)),
              [pointer] INLAY_SYMBOL(Operation::where), [nothing] INLAY_SYMBOL(Operation::nothing),
              [missing] INLAY_SYMBOL(Operation::missing));
    }
}

/// A `table::feature_record`. `Function` is a bool() or 0.
template <class Feature, table::probe_kind Kind, auto* Name, uint32_t W0, uint32_t W1, uint32_t W2, auto Function>
[[gnu::always_inline]] inline void feature() noexcept {
    asm inline volatile(
        ".ifndef .Linlay_feature.%c[id]\n\t"
        ".pushsection .rodata.inlay.%c[id],\"a\",@progbits\n\t"
        ".balign 4\n"
        ".Linlay_feature.%c[id]:\n\t"
        ".long %c[cell] - ., %c[name] - ., %c[kind]\n\t"
        ".long %c[w0], %c[w1], %c[w2]\n\t"
        ".if %c[kind] == %c[by_function]\n\t"
        ".long %c[function] - .\n\t"
        ".else\n\t.long 0\n\t.endif\n\t"
        ".popsection\n\t"
        ".endif"
        :
        : [id] INLAY_SYMBOL(anchor_of<Feature>), [cell] INLAY_SYMBOL(&Feature::cell), [name] INLAY_SYMBOL(Name),
          [kind] "i"(static_cast<int>(Kind)), [w0] "i"(static_cast<int>(W0)), [w1] "i"(static_cast<int>(W1)),
          [w2] "i"(static_cast<int>(W2)), [by_function] "i"(static_cast<int>(table::probe_kind::function)),
          [function] INLAY_SYMBOL(Function));
}

/// A `table::predicate_node`; `A` and `B` are features or predicates, as `Op` says.
template <class Self, table::predicate_op Op, class A, class B>
[[gnu::always_inline]] inline void predicate() noexcept {
    asm inline volatile(
        ".ifndef .Linlay_predicate.%c[id]\n\t"
        ".pushsection .data.inlay.%c[id],\"aw\",@progbits\n\t"
        ".balign 4\n"
        ".Linlay_predicate.%c[id]:\n\t"
        ".byte %c[op],0,0,0\n\t"
        ".long 0\n\t"
        ".if %c[op] <= %c[last_leaf]\n\t"
        ".long .Linlay_feature.%c[a] - ., 0\n\t"
        ".elseif %c[op] <= %c[last_junction]\n\t"
        ".long .Linlay_predicate.%c[a] - ., .Linlay_predicate.%c[b] - .\n\t"
        ".else\n\t.long 0, 0\n\t.endif\n\t"
        ".popsection\n\t"
        ".endif"
        :
        : [id] INLAY_SYMBOL(anchor_of<Self>), [op] "i"(static_cast<int>(Op)), [a] INLAY_SYMBOL(anchor_of<A>),
          [b] INLAY_SYMBOL(anchor_of<B>), [last_leaf] "i"(static_cast<int>(table::predicate_op::not_feature)),
          [last_junction] "i"(static_cast<int>(table::predicate_op::any)));
}

/// A name by which assembly files find the node of `Predicate`, which has been written.
template <class Predicate, auto* Node>
[[gnu::always_inline]] inline void global_predicate() noexcept {
    asm inline volatile(".ifndef %c[name]\n\t"
                        ".globl %c[name]\n\t"
                        ".hidden %c[name]\n\t"
                        ".set %c[name], .Linlay_predicate.%c[id]\n\t"
                        ".endif"
                        :
                        : [name] INLAY_SYMBOL(Node), [id] INLAY_SYMBOL(anchor_of<Predicate>));
}

/// A `table::choice`. `Form` is void in the choices of a callee; ordinal 0 has no predicate. `Name` is a null
/// `const char*` for a choice without name. (By type: under UBSan no comparison with null is constant.)
template <class Declaration, unsigned Ordinal, class Form, class Predicate, auto* Name, unsigned Length>
[[gnu::always_inline]] inline void choice() noexcept {
    constexpr unsigned before = Ordinal == 0 ? 0 : Ordinal - 1;
    asm inline volatile(".ifndef .Linlay_choice.%c[id]\n\t"
                        ".pushsection .rodata.inlay.%c[id],\"a\",@progbits\n\t"
                        ".balign 4\n"
                        ".Linlay_choice.%c[id]:\n\t"
                        ".if %c[has_form]\n\t.long .Linlay_form.%c[form] - .\n\t"
                        ".else\n\t.long 0\n\t.endif\n\t"
                        ".if %c[ordinal]\n\t"
                        ".long .Linlay_predicate.%c[predicate] - ., .Linlay_choice.%c[before] - .\n\t"
                        ".else\n\t.long 0, 0\n\t.endif\n\t"
                        ".if %c[has_name]\n\t.long %c[name] - .\n\t"
                        ".else\n\t.long 0\n\t.endif\n\t"
                        ".byte %c[length],%c[ordinal],0,0\n\t"
                        ".popsection\n\t"
                        ".endif"
                        :
                        : [id] INLAY_SYMBOL(anchor_of<inlay::detail::of_choice<Declaration, Ordinal>>),
                          [form] INLAY_SYMBOL(anchor_of<Form>), [predicate] INLAY_SYMBOL(anchor_of<Predicate>),
                          [before] INLAY_SYMBOL(anchor_of<inlay::detail::of_choice<Declaration, before>>),
                          [has_form] "i"(int{!inlay::detail::same<Form, void>}),
                          [has_name] "i"(int{!inlay::detail::same<decltype(Name), const char*>}),
                          [name] INLAY_SYMBOL(Name), [length] "i"(Length), [ordinal] "i"(Ordinal));
}

/// The assembler macro `inlay_site.<anchor>`: a site with its record. It takes a number unique in the unit.
template <class Declaration, auto Original, auto Padding, unsigned Last>
[[gnu::always_inline]] inline void site_macro() noexcept {
    // clang-format off
    asm inline volatile(".ifndef .Linlay_site.%c[id]\n\t"
                        ".set .Linlay_site.%c[id],1\n\t"
                        ".macro inlay_site.%c[id] number\n"
                        ".Linlay_site\\number:\n\t"
                        "inlay_code.%c[original]\n\t"
                        "inlay_code.%c[padding]\n\t"
                        INLAY_RELOC(".Linlay_site\\number", "%c[id]")
                        INLAY_SECTION_IS_THERE(".Linlay_site\\number", "inlay_alternatives")
                        ".pushsection inlay_alternatives,\"ao?\",@progbits,.Linlay_site\\number\n\t"
                        ".balign 4\n\t"
                        ".long .Linlay_site\\number - ., .Linlay_choice.%c[choice] - .\n\t"
                        ".popsection\n\t"
                        ".endm\n\t"
                        ".endif"
                        :
                        : [id] INLAY_SYMBOL(anchor_of<Declaration>),
                          [original] INLAY_SYMBOL(anchor_of<inlay::detail::of_code<Original>>),
                          [padding] INLAY_SYMBOL(anchor_of<inlay::detail::of_code<Padding>>),
                          [choice] INLAY_SYMBOL(anchor_of<inlay::detail::of_choice<Declaration, Last>>));
    // clang-format on
}

/// A `table::callee`.
template <class Callee, auto* Name, unsigned Last>
[[gnu::always_inline]] inline void callee() noexcept {
    asm inline volatile(
        ".ifndef .Linlay_callee.%c[id]\n\t"
        ".pushsection .rodata.inlay.%c[id],\"a\",@progbits\n\t"
        ".balign 4\n"
        ".Linlay_callee.%c[id]:\n\t"
        ".long %c[name] - ., %c[trampoline] - ., %c[target] - ., %c[targets] - .\n\t"
        ".long .Linlay_choice.%c[choice] - .\n\t"
        ".popsection\n\t"
        ".endif"
        :
        : [id] INLAY_SYMBOL(id_of<Callee>), [name] INLAY_SYMBOL(Name), [trampoline] INLAY_FUNCTION(Callee::trampoline),
          [target] INLAY_SYMBOL(&Callee::state.target), [targets] INLAY_SYMBOL(&Callee::state.targets),
          [choice] INLAY_SYMBOL(anchor_of<inlay::detail::of_choice<Callee, Last>>));
}

/// A marker and its `table::call_record`; the compiler's call of the trampoline follows.
template <class Callee>
[[gnu::always_inline]] inline void call_site() noexcept {
    // clang-format off
    asm inline volatile(".Linlay_call%=:\n\t"
                        INLAY_SECTION_IS_THERE(".Linlay_call%=", "inlay_calls")
                        ".pushsection inlay_calls,\"awo?\",@progbits,.Linlay_call%=\n\t"
                        ".balign 4\n\t"
                        ".long .Linlay_call%= - ., .Linlay_callee.%c[id] - .\n\t"
                        ".popsection"
                        :
                        : [id] INLAY_SYMBOL(id_of<Callee>));
    // clang-format on
}

/// A `table::named` for a key or static call: its name, its type, its cell. `Signature` is an anchor whose name is
/// written out: the name holds the type, and all compilers spell it the same way. `unique`: a linker may drop each
/// record separately.
template <class Declaration, auto* Name, auto* Signature>
[[gnu::always_inline]] inline void named() noexcept {
    asm inline volatile(".ifndef .Linlay_signature.%c[signature]\n\t"
                        ".pushsection .rodata.inlay_types,\"aMS\",@progbits,1\n"
                        ".Linlay_signature.%c[signature]:\n\t"
                        ".asciz \"%c[signature]\"\n\t"
                        ".popsection\n\t"
                        ".endif"
                        :
                        : [signature] INLAY_SYMBOL(Signature));
    if constexpr (inlay::detail::has_trampoline<Declaration>) {
        asm inline volatile(
            INLAY_NAMED("%c[trampoline] - .")
            :
            : [id] INLAY_SYMBOL(id_of<Declaration>), [name] INLAY_SYMBOL(Name), [signature] INLAY_SYMBOL(Signature),
              [cell] INLAY_SYMBOL(&Declaration::state), [trampoline] INLAY_FUNCTION(Declaration::trampoline));
    } else {
        asm inline volatile(INLAY_NAMED("0")
                            :
                            : [id] INLAY_SYMBOL(id_of<Declaration>), [name] INLAY_SYMBOL(Name),
                              [signature] INLAY_SYMBOL(Signature), [cell] INLAY_SYMBOL(&Declaration::state));
    }
}

/// A marker and the `table::call_record` of a static call; the compiler's call of the trampoline follows.
template <class Declaration>
[[gnu::always_inline]] inline void static_call_site() noexcept {
    // clang-format off
    asm inline volatile(".Linlay_call%=:\n\t"
                        INLAY_SECTION_IS_THERE(".Linlay_call%=", "inlay_calls")
                        INLAY_SECTION_IS_THERE(".Linlay_call%=", "inlay_names")
                        ".pushsection inlay_calls,\"awo?\",@progbits,.Linlay_call%=\n\t"
                        ".balign 4\n\t"
                        ".long .Linlay_call%= - ., .Linlay_named.%c[id] - .\n\t"
                        ".popsection"
                        :
                        : [id] INLAY_SYMBOL(id_of<Declaration>));
    // clang-format on
}

/// The assembler macro `inlay_hook.<anchor>`: a call of a hook's trampoline, and its `table::call_record`. It takes a
/// number unique in the unit.
template <class Declaration>
[[gnu::always_inline]] inline void hook_macro() noexcept {
    // clang-format off
    asm inline volatile(".ifndef .Linlay_hook.%c[macro]\n\t"
                        ".set .Linlay_hook.%c[macro],1\n\t"
                        ".macro inlay_hook.%c[macro] number\n"
                        ".Linlay_call\\number:\n\t"
                        INLAY_CALL("%c[trampoline]")
                        INLAY_SECTION_IS_THERE(".Linlay_call\\number", "inlay_calls")
                        INLAY_SECTION_IS_THERE(".Linlay_call\\number", "inlay_names")
                        ".pushsection inlay_calls,\"awo?\",@progbits,.Linlay_call\\number\n\t"
                        ".balign 4\n\t"
                        ".long .Linlay_call\\number - ., .Linlay_named.%c[id] - .\n\t"
                        ".popsection\n\t"
                        ".endm\n\t"
                        ".endif"
                        :
                        : [macro] INLAY_SYMBOL(anchor_of<Declaration>), [id] INLAY_SYMBOL(id_of<Declaration>),
                          [trampoline] INLAY_FUNCTION(Declaration::trampoline));
    // clang-format on
}

/// The `table::image` of this image, under the name of `Image`, which C++ only declares. The linker keeps one.
///
/// The linker defines symbols for the start and the end of each table that the image has. The struct refers to them by
/// .weakref, which allows a symbol to be absent, and yet leaves a site's reference (INLAY_SECTION_IS_THERE) a strong
/// one.
///
/// An empty part of each section lives with the struct. Without it, lld drops a section with its last record, and then
/// misses the symbols that dropped sites have named. (Sections of records are ordered by their text; ld -r would not
/// link parts with and without that order.) `Parts` are four references to these, in the order of the struct's tables.
template <auto* Image, auto* Parts, auto* Nothing, auto* Zero>
[[gnu::always_inline]] inline void image() noexcept {
    constexpr auto gap = static_cast<int>(__builtin_offsetof(table::image, registry.nothing) -
                                          __builtin_offsetof(table::image, registry));
    // clang-format off
    asm inline volatile(".ifndef .Linlay_image\n\t"
                        ".set .Linlay_image,1\n\t"
                        ".irp name,alternatives,calls,keys,names\n\t"
                        ".weakref .Linlay_start_\\name,__start_inlay_\\name\n\t"
                        ".weakref .Linlay_stop_\\name,__stop_inlay_\\name\n\t"
                        ".endr\n\t"
                        ".pushsection .data.inlay_image,\"awG\",@progbits,%c[image],comdat\n\t"
                        ".weak %c[image]\n\t.hidden %c[image]\n\t.type %c[image],@object\n\t"
                        ".balign %c[word]\n"
                        "%c[image]:\n\t"
                        ".ascii \"inlay \"\n\t.byte 0, %c[version]\n\t"
                        ".pushsection inlay_alternatives,\"ao?\",@progbits,%c[image]\n.Linlay_part_alternatives:\n\t.popsection\n\t"
                        ".pushsection inlay_calls,\"awo?\",@progbits,%c[image]\n.Linlay_part_calls:\n\t.popsection\n\t"
                        ".pushsection inlay_keys,\"awo?\",@progbits,%c[image]\n.Linlay_part_keys:\n\t.popsection\n\t"
                        ".pushsection inlay_names,\"a\",@progbits\n.Linlay_part_names:\n\t.popsection\n\t"
                        INLAY_RELOC("%c[image]", ".Linlay_part_names")
                        ".irp name,alternatives,calls,keys,names\n\t"
                        INLAY_WORD ".Linlay_start_\\name, .Linlay_stop_\\name\n\t"
                        ".endr\n\t"
                        ".zero %c[gap]\n\t"
                        INLAY_WORD "%c[nothing], %c[zero]\n\t"
                        ".size %c[image], . - %c[image]\n\t"
                        ".popsection\n\t"
                        ".pushsection .rodata.inlay_parts,\"aG\",@progbits,%c[image],comdat\n\t"
                        ".weak %c[parts]\n\t.hidden %c[parts]\n\t.type %c[parts],@object\n\t"
                        ".balign 4\n"
                        "%c[parts]:\n\t"
                        ".irp name,alternatives,calls,keys,names\n\t"
                        ".long .Linlay_part_\\name - .\n\t"
                        ".endr\n\t"
                        ".size %c[parts], . - %c[parts]\n\t"
                        ".popsection\n\t"
                        ".endif"
                        :
                        : [image] INLAY_SYMBOL(Image), [parts] INLAY_SYMBOL(Parts), [gap] "i"(gap),
                          [nothing] INLAY_SYMBOL(Nothing), [zero] INLAY_SYMBOL(Zero),
                          [word] "i"(sizeof(word)), [version] "i"(table::version));
    // clang-format on
}

/// The note by which other images find `Image` (`table::note`), and the calls of `Join` and `Leave`. `Join` runs when
/// the image is loaded, before its other constructors. `Leave` runs when it is unloaded, after its other destructors.
/// Each unit has one, since a linker may drop notes in groups. `Header` is the linker's __ehdr_start.
template <auto* Image, auto* Join, auto* Leave, auto* Header>
[[gnu::always_inline]] inline void note() noexcept {
    asm inline volatile(".ifndef .Linlay_note\n\t"
                        ".set .Linlay_note,1\n\t"
                        ".pushsection .note.inlay,\"a\",@note\n\t"
                        ".balign 4\n\t"
                        ".long 6, 8, %c[version]\n\t"
                        ".asciz \"inlay\"\n\t"
                        ".balign 4\n\t"
                        ".long %c[image] - .\n\t"
                        ".long %c[header] - .\n\t"
                        ".popsection\n\t"
                        ".pushsection .init_array.00001,\"aw\",@init_array\n\t"
                        ".balign %c[word]\n\t" INLAY_WORD "%c[join]\n\t"
                        ".popsection\n\t"
                        ".pushsection .fini_array.00001,\"aw\",@fini_array\n\t"
                        ".balign %c[word]\n\t" INLAY_WORD "%c[leave]\n\t"
                        ".popsection\n\t"
                        ".endif"
                        :
                        : [version] "i"(table::version), [image] INLAY_SYMBOL(Image), [join] INLAY_SYMBOL(Join),
                          [leave] INLAY_SYMBOL(Leave), [header] INLAY_SYMBOL(Header), [word] "i"(sizeof(word)));
}

} // namespace emit
} // namespace inlay

#undef INLAY_NAMED
