// SPDX-License-Identifier: BSL-1.0
//
// emit: everything that AArch64 needs in inline assembly, and nothing else.
//
//     emit::form<Code>();                                   // a description: data, once a unit
//     emit::site<Declaration, ...>(inputs);                 // the site: its instructions and its record
//
// How it works. A description is written where it is first used in a unit (`.ifndef`), under a local label
// made from its anchor (anchor.hpp). A code becomes an assembler macro, because its words are needed in
// two places: in the form (data) and at the site (text). A relative operand is a `.reloc` in front of its
// word: the linker fills it in, in data as well.
//
// A site's record goes to a section with flags "ao?": in the COMDAT group of the function around it (`?`),
// and linked to the section of the site's own label (`o`), so that it lives and dies with its code.
//
// `asm inline`: GCC measures an assembly statement by its lines, and would take a description of fifty lines that
// write no instruction for fifty instructions when it decides what to inline.
//
// There is no red zone. But a call changes x30, which a compiler learns from the clobbers of the site; a linker
// may route it through a veneer, which changes x16 and x17. And `never_a_leaf` adds a call on a path that the compiler
// cannot prove dead and that nothing takes: so an unwinder learns that no exception passes a site. It costs no executed
// instruction.
#pragma once

#include "inlay/anchor.hpp"
#include "inlay/arch/aarch64/registers.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/code.hpp"
#include "inlay/table.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

// The constraint for the address of a symbol, or a constant. GCC's "i" takes no symbol in position-independent
// code; Clang's does, and Clang 19 crashes on "Si" without optimisation.
#ifdef __clang__
#define INLAY_SYMBOL "i"
#else
#define INLAY_SYMBOL "Si"
#endif

// Unwind information, where the compiler writes some. INLAY_FRAME_BEGIN and INLAY_FRAME_END(name, ...) stand around
// code in a section of its own, INLAY_CFI behind what moves the stack in it. Clang before 17 refuses .cfi_startproc
// inside another frame: there the entry is written out, of `length` bytes, with the same as bytes (`instructions`).
#ifdef __GCC_HAVE_DWARF2_CFI_ASM
#if defined(__clang__) && __clang_major__ < 17
#define INLAY_CFI(directive)
#define INLAY_FRAME_BEGIN
#if !__STDC_HOSTED__
#define INLAY_FRAME_END(name, length, instructions)
#else
#define INLAY_FRAME_END(name, length, instructions)                                                                    \
    ".pushsection .eh_frame,\"a\",@progbits\n"                                                                         \
    ".Linlay_cie." name ":\n\t"                                                                                        \
    ".long 20, 0\n\t"                                                                                                  \
    ".byte 1,0x7a,0x52,0,1,0x78,30,1,0x1b,0x0c,31,0,0,0,0,0\n"                                                         \
    ".Linlay_fde." name ":\n\t"                                                                                        \
    ".long " length ", . - .Linlay_cie." name ", " name " - ., .Linlay_end." name " - " name "\n\t"                    \
    ".byte 0," instructions "\n\t"                                                                                     \
    ".popsection\n\t"
#endif
#else
#define INLAY_CFI(directive) "." directive "\n\t"
#define INLAY_FRAME_BEGIN ".cfi_startproc\n\t"
#define INLAY_FRAME_END(name, length, instructions) ".cfi_endproc\n\t"
#endif
#else
#define INLAY_CFI(directive)
#define INLAY_FRAME_BEGIN
#define INLAY_FRAME_END(name, length, instructions)
#endif

// The relocation that changes nothing. At a site it names the declaration, so that a linker that folds identical
// functions sees two that differ; and the section's own symbol, so that a linker script that puts the records
// elsewhere without it does not link.
#define INLAY_RELOC(at, symbol) ".reloc " at ", R_AARCH64_NONE, " symbol "\n\t"
#define INLAY_WORD ".quad "

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

// An operand that prints as the name of a function. Under control-flow integrity, Clang would take its address for that
// of an entry in a table.
#if defined(__clang__)
#define INLAY_FUNCTION(function) INLAY_SYMBOL(__builtin_function_start(function))
#else
#define INLAY_FUNCTION(function) INLAY_SYMBOL(function)
#endif

// What a called function may change besides general registers. Both compilers know the predicates of SVE everywhere,
// and a function may have them by its target attribute; Clang does not know FFR. Without vector registers
// (-mgeneral-regs-only, as kernels are built) no function changes them, and GCC refuses to hear of them.
#if defined(__ARM_NEON)
#define INLAY_CALL_CLOBBERS                                                                                            \
    , "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16",     \
        "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31", "p0", \
        "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13", "p14", "p15"
#else
#define INLAY_CALL_CLOBBERS
#endif

// A function of one assembly statement, whose other instructions are the compiler's: GCC has no naked functions here.
// What it adds to a function without locals and arguments (landing pad, signature, frame) changes x29, x30 and the
// stack pointer, and restores them. Nothing else may be added.
#if __has_attribute(zero_call_used_regs)
#define INLAY_KEEP_REGISTERS __attribute__((zero_call_used_regs("skip")))
#else
#define INLAY_KEEP_REGISTERS
#endif
#if defined(__clang__)
#define INLAY_BARE                                                                                                     \
    INLAY_KEEP_REGISTERS                                                                                               \
    __attribute__((noinline, no_stack_protector, no_sanitize("coverage"), disable_sanitizer_instrumentation,           \
                   xray_never_instrument, visibility("hidden"))) INLAY_NOT_INSTRUMENTED
#else
#define INLAY_BARE                                                                                                     \
    INLAY_KEEP_REGISTERS                                                                                               \
    __attribute__((noinline, noclone, no_stack_protector, no_sanitize_coverage, no_sanitize("thread"),                 \
                   visibility("hidden"))) INLAY_NOT_INSTRUMENTED
#endif
#define INLAY_NOT_INSTRUMENTED __attribute__((no_instrument_function, no_profile_instrument_function))

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64 {

/// How a relative operand is encoded: `relative_operand::encoding`.
enum class relocation : uint8_t {
    branch26, ///< b, bl: R_AARCH64_JUMP26 and R_AARCH64_CALL26
    branch19, ///< b.cond, cbz, cbnz: R_AARCH64_CONDBR19
    branch14, ///< tbz, tbnz: R_AARCH64_TSTBR14
    load19,   ///< ldr of a literal: R_AARCH64_LD_PREL_LO19
    adr21,    ///< adr: R_AARCH64_ADR_PREL_LO21
};

} // namespace aarch64
} // namespace inlay

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64::emit {

using inlay::detail::anchor_of;
using inlay::detail::id_of;

/// Whether what is reached by an indirect branch begins with bti.
#ifdef __ARM_FEATURE_BTI_DEFAULT
inline constexpr int landing_pads = 1;
#else
inline constexpr int landing_pads = 0;
#endif

/// Description of a thunk, for its label: of a function, or of an operation (pv.hpp).
template <auto Function, bool PassesReturnAddress = false>
struct of_thunk {};
template <class Operation>
struct of_operation {};

/// The thunk of `preserving<Function>{}`: keeps all general registers but x0 and x30, calls. An exception cannot cross
/// an assembly statement: one that leaves `Function` ends the program, as `reachable` is noexcept. With
/// `PassesReturnAddress`, `Function` gets what x19 holds. (No local variable: Clang would store it, see `thunk`.)
template <auto Function, bool PassesReturnAddress = false>
[[gnu::always_inline]] INLAY_NOT_INSTRUMENTED inline void write_thunk() noexcept {
    using target = inlay::detail::reachable<Function>;
    using result = typename target::result;
    static_assert(inlay::detail::size_of<result> <= 8,
                  "inlay: a function called from an alternative returns at most 64 bits; use inlay::dispatch");
    asm inline volatile(
        ".ifndef inlay_thunk.%c[id]\n\t"
        ".pushsection .text.inlay.%c[id],\"ax\",@progbits\n\t"
        ".balign 16\n\t"
        ".type inlay_thunk.%c[id],@function\n"
        "inlay_thunk.%c[id]:\n\t" INLAY_FRAME_BEGIN ".if %c[landing]\n\thint 34\n\t.endif\n\t" // bti c
        "stp x29, x30, [sp, #-176]!\n"
        ".Linlay_pushed.%c[id]:\n\t" INLAY_CFI("cfi_def_cfa_offset 176") INLAY_CFI("cfi_offset 29, -176") INLAY_CFI(
            "cfi_offset 30, -168") "mov x29, sp\n\t"
                                   "stp x0, x1, [sp, #16]\n\t"
                                   "stp x2, x3, [sp, #32]\n\t"
                                   "stp x4, x5, [sp, #48]\n\t"
                                   "stp x6, x7, [sp, #64]\n\t"
                                   "stp x8, x9, [sp, #80]\n\t"
                                   "stp x10, x11, [sp, #96]\n\t"
                                   "stp x12, x13, [sp, #112]\n\t"
                                   "stp x14, x15, [sp, #128]\n\t"
                                   "stp x16, x17, [sp, #144]\n\t"
                                   "str x18, [sp, #160]\n\t"
                                   ".if %c[where]\n\tmov x0, x19\n\t.endif\n\t"
                                   "bl %c[function]\n\t"
                                   ".if !%c[returns_x0]\n\tldr x0, [sp, #16]\n\t.endif\n\t"
                                   "ldr x1, [sp, #24]\n\t"
                                   "ldp x2, x3, [sp, #32]\n\t"
                                   "ldp x4, x5, [sp, #48]\n\t"
                                   "ldp x6, x7, [sp, #64]\n\t"
                                   "ldp x8, x9, [sp, #80]\n\t"
                                   "ldp x10, x11, [sp, #96]\n\t"
                                   "ldp x12, x13, [sp, #112]\n\t"
                                   "ldp x14, x15, [sp, #128]\n\t"
                                   "ldp x16, x17, [sp, #144]\n\t"
                                   "ldr x18, [sp, #160]\n\t"
                                   "ldp x29, x30, [sp], #176\n"
                                   ".Linlay_popped.%c[id]:\n\t" INLAY_CFI("cfi_def_cfa_offset 0")
                                       INLAY_CFI("cfi_restore 29") INLAY_CFI(
                                           "cfi_restore 30") "ret\n"
                                                             ".Linlay_end.inlay_thunk.%c[id]:\n\t"
                                                             ".size inlay_thunk.%c[id], . - inlay_thunk.%c[id]\n\t"
        // advance, def_cfa_offset 176, offset 29 (-8 * 22), offset 30 (-8 * 21); advance, def_cfa_offset 0, restore
        INLAY_FRAME_END("inlay_thunk.%c[id]", "28",
                        "2,.Linlay_pushed.%c[id] - inlay_thunk.%c[id],0x0e,0xb0,1,0x9d,22,0x9e,21,"
                        "2,.Linlay_popped.%c[id] - .Linlay_pushed.%c[id],0x0e,0,0xdd,0xde") ".popsection\n\t"
                                                                                            ".endif"
        :
        : [id] INLAY_SYMBOL(anchor_of<of_thunk<Function, PassesReturnAddress>>), [function] INLAY_SYMBOL(&target::call),
          [returns_x0] "i"(int{!inlay::detail::same<result, void>}), [where] "i"(int{PassesReturnAddress}),
          [landing] "i"(landing_pads));
}

/// The same for data (pv.hpp): a function of the compiler's, which knows what linkage its symbol needs, that calls the
/// thunk. With `PassesReturnAddress`, `Function` gets where it was called from: x30, without the signature that the
/// compiler may have given it (hint 7 is xpaclri).
template <auto Function, bool PassesReturnAddress = false>
struct thunk {
    INLAY_BARE static void entry() {
        write_thunk<Function, PassesReturnAddress>();
        if constexpr (PassesReturnAddress) {
            asm volatile("hint 7\n\tmov x19, x30\n\tbl inlay_thunk.%c[id]"
                         :
                         : [id] INLAY_SYMBOL(anchor_of<of_thunk<Function, true>>)
                         : "cc", "memory", "x0", "x19", "x30");
        } else {
            asm volatile("bl inlay_thunk.%c[id]"
                         :
                         : [id] INLAY_SYMBOL(anchor_of<of_thunk<Function>>)
                         : "cc", "memory", "x0", "x30");
        }
    }
};

/// What a call of an operation goes to until it is patched: jumps through the pointer. One a unit, local to it.
template <class Operation>
[[gnu::always_inline]] inline void operation_thunk() noexcept {
    asm inline volatile(".ifndef inlay_thunk.%c[id]\n\t"
                        ".pushsection .text.inlay.%c[id],\"ax\",@progbits\n\t"
                        ".balign 16\n\t"
                        ".type inlay_thunk.%c[id],@function\n"
                        "inlay_thunk.%c[id]:\n\t" INLAY_FRAME_BEGIN
                        ".if %c[landing]\n\thint 34\n\t.endif\n\t" // bti c: of a veneer
                        "adrp x16, %c[pointer]\n\t"
                        "ldr x16, [x16, :lo12:%c[pointer]]\n\t"
                        "br x16\n"
                        ".Linlay_end.inlay_thunk.%c[id]:\n\t"
                        ".size inlay_thunk.%c[id], . - inlay_thunk.%c[id]\n\t" INLAY_FRAME_END(
                            "inlay_thunk.%c[id]", "16", "0,0,0") ".popsection\n\t"
                                                                 ".endif"
                        :
                        : [id] INLAY_SYMBOL(anchor_of<of_operation<Operation>>),
                          [pointer] INLAY_SYMBOL(Operation::where), [landing] "i"(landing_pads));
}

/// An instruction as an operand: 32 bits, because no compiler prints larger constants.
consteval int chunk(const machine_code& code, unsigned index) {
    return static_cast<int>(static_cast<uint32_t>(code.words[index / 2] >> (index % 2 * 32)));
}

/// A function that consists of `Code`, which has no symbols, and returns.
template <auto Code>
struct function_of {
    static constexpr unsigned longest = 32;
    static_assert(
        Code.length <= longest && Code.relatives == 0,
        "inlay: a function made of instructions has at most 32 bytes of them, and no symbols; write it in C++ "
        "or in assembly, and give its address");
    static_assert(Code.falls_through && Code.depth(max_code_length) == 0,
                  "inlay: a function made of instructions reaches its end with the stack as it found it");
    static_assert(
        Code.calls == called::nothing && (Code.writes_mask >> 30 & 1) == 0,
        "inlay: a function made of instructions returns by x30, so it neither calls nor changes x30; write it "
        "in C++ or in assembly, and give its address");

    INLAY_BARE static void entry() {
        asm volatile(
            ".set .Linlay_w0,%c[w0]\n\t.set .Linlay_w1,%c[w1]\n\t.set .Linlay_w2,%c[w2]\n\t.set .Linlay_w3,%c[w3]\n\t"
            ".set .Linlay_w4,%c[w4]\n\t.set .Linlay_w5,%c[w5]\n\t.set .Linlay_w6,%c[w6]\n\t.set .Linlay_w7,%c[w7]\n\t"
            ".irp w,0,1,2,3,4,5,6,7\n\t"
            ".if 4*\\w < %c[length]\n\t.inst (.Linlay_w\\w & 0xffffffff)\n\t.endif\n\t"
            ".endr"
            :
            : [length] "i"(int{Code.length}), [w0] "i"(chunk(Code, 0)), [w1] "i"(chunk(Code, 1)),
              [w2] "i"(chunk(Code, 2)), [w3] "i"(chunk(Code, 3)), [w4] "i"(chunk(Code, 4)), [w5] "i"(chunk(Code, 5)),
              [w6] "i"(chunk(Code, 6)), [w7] "i"(chunk(Code, 7))
            : "cc", "memory", "x0");
    }
};

/// The registers of arguments, and of a result: those of AAPCS64 (6.8.2), as far as a site takes operands.
inline constexpr reg64 argument_registers[] = {x0, x1, x2, x3, x4, x5};
template <class Result>
inline constexpr auto result_register = x0;
inline constexpr size_t most_arguments = sizeof(argument_registers) / sizeof(argument_registers[0]);
inline constexpr size_t widest_result = 8; ///< in bytes

/// The offsets of the relative operands, a byte each, as `table::form::relative` has them.
consteval int relative_offsets(const machine_code& code) {
    uint32_t packed = 0xffffffff;
    for (unsigned i = 0; i < code.relatives; ++i) {
        packed &= ~(0xffU << (8 * i));
        packed |= static_cast<uint32_t>(code.relative[i].offset) << (8 * i);
    }
    return static_cast<int>(packed);
}

/// The encodings of the relative operands, a byte each.
consteval int relocations(const machine_code& code) {
    uint32_t packed = 0;
    for (unsigned i = 0; i < code.relatives; ++i) {
        packed |= static_cast<uint32_t>(code.relative[i].encoding) << (8 * i);
    }
    return static_cast<int>(packed);
}

/// What the assembler prints for a symbol of a code: for a thunk, the end of its name.
template <auto Symbol>
inline constexpr auto operand = []() consteval {
    if constexpr (inlay::detail::is_preserving<Symbol>) {
        using kind = inlay::detail::symbol_kind<inlay::detail::plain<decltype(Symbol)>>;
        return anchor_of<of_thunk<kind::function>>;
    } else if constexpr (inlay::detail::is_operation<inlay::detail::plain<decltype(Symbol)>>) {
        return anchor_of<of_operation<inlay::detail::plain<decltype(Symbol)>>>;
    } else {
        return Symbol;
    }
}();

/// Bit n: symbol operand n stands for a thunk.
template <auto... Symbols>
inline constexpr int thunk_mask = 0;
template <auto First, auto... Rest>
inline constexpr int thunk_mask<First, Rest...> =
    (inlay::detail::is_preserving<First> || inlay::detail::is_operation<inlay::detail::plain<decltype(First)>> ? 1
                                                                                                               : 0) +
    2 * thunk_mask<Rest...>;

/// Writes the thunk that a symbol stands for, if it is an operation.
template <class Symbol>
[[gnu::always_inline]] inline void write_operation() noexcept {
    if constexpr (inlay::detail::is_operation<Symbol>) {
        operation_thunk<Symbol>();
    }
}

/// The assembler macro `inlay_code.<anchor>`, which writes the words of `Code` wherever it is used.
template <auto Code, auto... Symbols>
[[gnu::always_inline]] inline void code_macro() noexcept {
    constexpr auto s0 = inlay::detail::symbol<0, operand<Symbols>...>;
    constexpr auto s1 = inlay::detail::symbol<1, operand<Symbols>...>;
    constexpr auto s2 = inlay::detail::symbol<2, operand<Symbols>...>;
    constexpr auto s3 = inlay::detail::symbol<3, operand<Symbols>...>;
    constexpr int thunks = thunk_mask<Symbols...>;
    (write_operation<inlay::detail::plain<decltype(Symbols)>>(), ...);
    asm inline volatile(
        ".ifndef .Linlay_relative\n\t"
        ".set .Linlay_relative,1\n\t"
        ".macro inlay_relative kind, symbol\n\t"
        ".if \\kind == 0\n\t.reloc ., R_AARCH64_CALL26, \\symbol\n\t"
        ".elseif \\kind == 1\n\t.reloc ., R_AARCH64_CONDBR19, \\symbol\n\t"
        ".elseif \\kind == 2\n\t.reloc ., R_AARCH64_TSTBR14, \\symbol\n\t"
        ".elseif \\kind == 3\n\t.reloc ., R_AARCH64_LD_PREL_LO19, \\symbol\n\t"
        ".else\n\t.reloc ., R_AARCH64_ADR_PREL_LO21, \\symbol\n\t.endif\n\t"
        ".endm\n\t"
        ".endif\n\t"
        ".ifndef .Linlay_code.%c[id]\n\t"
        ".set .Linlay_code.%c[id],1\n\t"
        ".macro inlay_code.%c[id]\n\t"
        ".set .Linlay_w0,%c[w0]\n\t.set .Linlay_w1,%c[w1]\n\t.set .Linlay_w2,%c[w2]\n\t.set .Linlay_w3,%c[w3]\n\t"
        ".set .Linlay_w4,%c[w4]\n\t.set .Linlay_w5,%c[w5]\n\t.set .Linlay_w6,%c[w6]\n\t.set .Linlay_w7,%c[w7]\n\t"
        ".set .Linlay_w8,%c[w8]\n\t.set .Linlay_w9,%c[w9]\n\t.set .Linlay_w10,%c[w10]\n\t.set .Linlay_w11,%c[w11]\n\t"
        ".set .Linlay_w12,%c[w12]\n\t.set .Linlay_w13,%c[w13]\n\t.set .Linlay_w14,%c[w14]\n\t"
        ".set .Linlay_w15,%c[w15]\n\t"
        ".irp w,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
        ".if 4*\\w < %c[length]\n\t"
        ".if 4*\\w == (%c[at] & 255)\n\t"
        ".if %c[thunks] & 1\n\tinlay_relative (%c[kinds])&255, inlay_thunk.%c[s0]\n\t"
        ".else\n\tinlay_relative (%c[kinds])&255, %c[s0]\n\t.endif\n\t"
        ".endif\n\t"
        ".if 4*\\w == ((%c[at] >> 8) & 255)\n\t"
        ".if %c[thunks] & 2\n\tinlay_relative (%c[kinds] >> 8)&255, inlay_thunk.%c[s1]\n\t"
        ".else\n\tinlay_relative (%c[kinds] >> 8)&255, %c[s1]\n\t.endif\n\t"
        ".endif\n\t"
        ".if 4*\\w == ((%c[at] >> 16) & 255)\n\t"
        ".if %c[thunks] & 4\n\tinlay_relative (%c[kinds] >> 16)&255, inlay_thunk.%c[s2]\n\t"
        ".else\n\tinlay_relative (%c[kinds] >> 16)&255, %c[s2]\n\t.endif\n\t"
        ".endif\n\t"
        ".if 4*\\w == ((%c[at] >> 24) & 255)\n\t"
        ".if %c[thunks] & 8\n\tinlay_relative (%c[kinds] >> 24)&255, inlay_thunk.%c[s3]\n\t"
        ".else\n\tinlay_relative (%c[kinds] >> 24)&255, %c[s3]\n\t.endif\n\t"
        ".endif\n\t"
        ".inst (.Linlay_w\\w & 0xffffffff)\n\t"
        ".endif\n\t.endr\n\t"
        ".endm\n\t"
        ".endif"
        :
        : [id] INLAY_SYMBOL(anchor_of<inlay::detail::of_code<Code>>), [length] "i"(int{Code.length}),
          [at] "i"(relative_offsets(Code)), [kinds] "i"(relocations(Code)), [thunks] "i"(thunks),
          [w0] "i"(chunk(Code, 0)), [w1] "i"(chunk(Code, 1)), [w2] "i"(chunk(Code, 2)), [w3] "i"(chunk(Code, 3)),
          [w4] "i"(chunk(Code, 4)), [w5] "i"(chunk(Code, 5)), [w6] "i"(chunk(Code, 6)), [w7] "i"(chunk(Code, 7)),
          [w8] "i"(chunk(Code, 8)), [w9] "i"(chunk(Code, 9)), [w10] "i"(chunk(Code, 10)), [w11] "i"(chunk(Code, 11)),
          [w12] "i"(chunk(Code, 12)), [w13] "i"(chunk(Code, 13)), [w14] "i"(chunk(Code, 14)),
          [w15] "i"(chunk(Code, 15)), [s0] INLAY_SYMBOL(s0), [s1] INLAY_SYMBOL(s1), [s2] INLAY_SYMBOL(s2),
          [s3] INLAY_SYMBOL(s3));
}

/// A `table::form` with the bytes of `Code`, whose macro is there already; with what it may become, if it is a call
/// through the pointer of `Operation`.
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

/// The node of `Predicate`, which is there already, under a name for assembly files.
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
/// `const char*` if there is none. (By type: under UBSan no comparison with null is constant.)
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
    asm inline volatile(
        ".ifndef .Linlay_site.%c[id]\n\t"
        ".set .Linlay_site.%c[id],1\n\t"
        ".macro inlay_site.%c[id] number\n"
        ".Linlay_site\\number:\n\t"
        "inlay_code.%c[original]\n\t"
        "inlay_code.%c[padding]\n\t" INLAY_RELOC(".Linlay_site\\number", "%c[id]") INLAY_SECTION_IS_THERE(
            ".Linlay_site\\number",
            "inlay_alternatives") ".pushsection inlay_alternatives,\"ao?\",@progbits,.Linlay_site\\number\n\t"
                                  ".balign 4\n\t"
                                  ".long .Linlay_site\\number - ., .Linlay_choice.%c[choice] - .\n\t"
                                  ".popsection\n\t"
                                  ".endm\n\t"
                                  ".endif"
        :
        :
        [id] INLAY_SYMBOL(anchor_of<Declaration>), [original] INLAY_SYMBOL(anchor_of<inlay::detail::of_code<Original>>),
        [padding] INLAY_SYMBOL(anchor_of<inlay::detail::of_code<Padding>>),
        [choice] INLAY_SYMBOL(anchor_of<inlay::detail::of_choice<Declaration, Last>>));
}

/// Called on a path that is never taken, so that the function around a site is not a leaf. It calls a function that
/// nobody knows.
///
/// And it may throw, unlike a site: so the function around has a table of what may throw where, and an exception that
/// leaves what the site calls ends the program. (Without a table, an unwinder would pass through.)
[[noreturn, gnu::noinline, gnu::cold, gnu::visibility("hidden")]] inline void never_a_leaf() {
    void (*unknown)(); // NOLINT(*-init-variables): that is the point
    asm("" : "=r"(unknown));
    unknown();
    __builtin_trap();
}

/// Makes the function around it one that may call. (There is no red zone that a call or a push could meet.)
[[gnu::always_inline]] inline void no_red_zone() {
    asm goto("" : : : : never);
    return;
never:
    never_a_leaf();
}

/// Has the frame of the function around it found by the frame pointer: an unwinder then finds it between a push and a
/// pop as well.
[[gnu::always_inline]] inline void needs_frame_pointer() noexcept {
#ifdef __GCC_HAVE_DWARF2_CFI_ASM
    asm volatile("" : : "r"(__builtin_frame_address(0)));
#endif
}

/// Tells GCC that the function around this calls one that it does not see. Its -fipa-reference does not believe a
/// "memory" clobber: without an unknown call it takes the static variables of a unit, whose address nobody takes, for
/// unchanged. This one is dropped once that analysis is over.
[[gnu::always_inline]] inline void tell_of_call() noexcept {
#if !defined(__clang__)
    uintptr_t unknown; // NOLINT(*-init-variables): that is the point
    asm("" : "=r"(unknown));
    if (__builtin_constant_p(unknown)) {
        reinterpret_cast<void (*)()>(unknown)();
    }
#endif
}

/// What a general register holds.
using word = uint64_t;

/// What goes into a site, by register. Only those of takes<...>() are read.
struct inputs {
    word x0 = 0;
    word x1 = 0;
    word x2 = 0;
    word x3 = 0;
    word x4 = 0;
    word x5 = 0;
};

/// Puts `value` into the member of `in` for register `Number`.
template <unsigned Number>
[[gnu::always_inline]] inline void load(inputs& in, word value) noexcept {
    (Number == x0.number   ? in.x0
     : Number == x1.number ? in.x1
     : Number == x2.number ? in.x2
     : Number == x3.number ? in.x3
     : Number == x4.number ? in.x4
                           : in.x5) = value;
}

/// The registers of takes<...>() as a mask: bit n for register n.
template <reg64... Registers>
inline constexpr unsigned input_mask = []() consteval {
    static_assert(((Registers.number < 6) && ...),
                  "inlay: an alternative takes operands in x0 to x5; write .takes<x0, x1>(), for example");
    constexpr unsigned mask = ((1U << Registers.number) | ... | 0U);
    constexpr uint64_t sum = ((uint64_t{1} << Registers.number) + ... + 0U);
    static_assert(mask == sum, "inlay: takes<...>() names a register twice");
    static_assert((mask & (mask + 1)) == 0,
                  "inlay: the operands of an alternative are in the first registers without a gap; write .takes<x0>(), "
                  ".takes<x0, x1>() and so on up to .takes<x0, x1, x2, x3, x4, x5>(), in any order");
    return mask;
}();

/// What comes out of a site.
struct outputs {
    word x0 = 0;
};

/// What a site leaves unchanged.
enum class keeps : uint8_t {
    all,                    ///< everything but the results, flags and memory
    general,                ///< the same, but vector and floating-point registers change: it calls a function
    callee_saved = general, ///< the same here: it calls an operation that is callee-save
    preserved               ///< what the calling convention has a function preserve
};

/// What a site leaves unchanged that calls such a function.
constexpr keeps keeps_of(called what) {
    return what == called::nothing                                     ? keeps::all
           : what == called::callee_save || what == called::preserving ? keeps::general
                                                                       : keeps::preserved;
}

/// What a site gives back.
enum class gives : uint8_t { nothing, in_x0 };

/// Where a function gives back a result of `Size` bytes.
template <size_t Size>
inline constexpr gives result_of_size = gives::in_x0;

/// Where a result of `Register` comes out; false and nothing for what is no result register.
template <auto Register>
inline constexpr bool can_return = false;
template <>
inline constexpr bool can_return<x0> = true;
template <auto Register>
inline constexpr gives gives_in = gives::nothing;
template <>
inline constexpr gives gives_in<x0> = gives::in_x0;

/// The value of the result register.
template <auto Register>
[[gnu::always_inline]] inline word result(const outputs& out) noexcept {
    return out.x0;
}

/// `value`, unknown to the compiler, so that it must be in a register.
[[gnu::always_inline]] inline word laundered(word value) noexcept {
    asm("" : "+r"(value));
    return value;
}
/// Any value at all.
[[gnu::always_inline]] inline word anything() noexcept {
    word value;                     // NOLINT(*-init-variables): that is the point
    asm volatile("" : "=r"(value)); // volatile: else two of these would be one value, to be copied
    return value;
}

/// The registers of clobbers<...>() as a mask: bit n for register n.
template <auto... Registers>
inline constexpr unsigned clobber_mask = []() consteval {
    static_assert(((Registers.number < 31 && Registers.number != x29.number) && ...),
                  "inlay: clobbers<...>() names x0 to x28 and x30, but neither the stack pointer nor x29, on which a "
                  "function's frame hangs: push and pop x29 in the form");
    return ((1U << Registers.number) | ... | 0U);
}();

inline constexpr unsigned stack_number = sp.number;

/// The registers that a function may change: x0 to x18, and x30.
inline constexpr unsigned caller_saved = 0x4007ffffU;
/// Those that a thunk, or a veneer on the way to it, may: x0, x16, x17 and x30.
inline constexpr unsigned changed_by_thunk = 0x40030001U;
/// Those for which a site that calls nothing need not clobber all of `caller_saved`: x0 to x5, x16 and x17.
inline constexpr unsigned scratch = 0x0003003fU;

/// The registers that a site with these properties may change, as a mask.
consteval unsigned changed_by_site(gives result, keeps what, unsigned clobbers) {
    unsigned mask = clobbers;
    mask |= result == gives::in_x0 ? 1U << x0.number : 0U;
    mask |= what == keeps::general ? changed_by_thunk : 0U;
    mask |= what == keeps::preserved ? caller_saved : 0U;
    return mask;
}

/// What operand `Number` begins with: an input, or else, if the site `Changes` it, anything. (0 is never looked at.)
template <unsigned Inputs, unsigned Number, bool Changes>
[[gnu::always_inline]] inline word ready(word value) noexcept {
    if constexpr ((Inputs >> Number & 1U) != 0) {
        return laundered(value);
    } else if constexpr (Changes) {
        return anything();
    } else {
        return 0;
    }
}

/// The site itself. `Inputs` is a mask of register numbers: 0, 1, 3, 7, 15, 31 or 63; `Clobbers` one of those that
/// change besides.
///
/// No compiler has a constraint for a single register of AArch64; a local variable in a register is the way, and
/// it must be the operand itself. Hence a statement for each number of operands. A variable that is no operand of
/// the statement occupies no register. Between its initialisation and the statement nothing may happen, or a call that
/// instrumentation adds would change it: all values are ready before, and unknown, so that none is left for later.
///
/// No list of clobbers can depend on a template argument. So there is a statement for each kind of site, and one that
/// clobbers what has no statement of its own clobbers somewhat more.
///
/// The description is written here, between the operands and the site, because an assembler macro must come
/// before its use: no branch may stand between the two, or the compiler could lay out the site first.
template <class Declaration, unsigned Inputs, gives Gives, keeps Keeps, unsigned Clobbers>
[[gnu::always_inline]] inline outputs site(const inputs in) noexcept {
    constexpr const char* id = anchor_of<Declaration>;
    constexpr bool vectors = Keeps != keeps::all;
    constexpr bool every = (Clobbers & ~caller_saved) != 0;
    constexpr bool most = Keeps == keeps::preserved || (Clobbers & ~scratch) != 0 || (Clobbers != 0 && vectors);
    constexpr bool changes = most || Clobbers != 0;
    outputs out{};
    const word v0 = ready<Inputs, 0, changes>(in.x0);
    const word v1 = ready<Inputs, 1, changes>(in.x1);
    const word v2 = ready<Inputs, 2, changes>(in.x2);
    const word v3 = ready<Inputs, 3, changes>(in.x3);
    const word v4 = ready<Inputs, 4, changes>(in.x4);
    const word v5 = ready<Inputs, 5, changes>(in.x5);
    Declaration::describe();
    [[maybe_unused]] register word a0 asm("x0") = v0;
    [[maybe_unused]] register word a1 asm("x1") = v1;
    [[maybe_unused]] register word a2 asm("x2") = v2;
    [[maybe_unused]] register word a3 asm("x3") = v3;
    [[maybe_unused]] register word a4 asm("x4") = v4;
    [[maybe_unused]] register word a5 asm("x5") = v5;
    if constexpr (every || most) {
        // Every register that can be an operand is an output, so that inputs can be among those that change. x18 is one
        // as well: where it is reserved (-ffixed-x18), Clang warns of a clobber.
        register word a18 asm("x18"); // NOLINT(*-init-variables): an output
        if constexpr (every) {
            asm inline volatile("inlay_site.%c[id] %="
                                : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "=r"(a18)
                                : [id] INLAY_SYMBOL(id)
                                : "cc", "memory", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
                                  "x16", "x17", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28",
                                  "x30" INLAY_CALL_CLOBBERS);
        } else if constexpr (vectors) {
            asm inline volatile("inlay_site.%c[id] %="
                                : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "=r"(a18)
                                : [id] INLAY_SYMBOL(id)
                                : "cc", "memory", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
                                  "x16", "x17", "x30" INLAY_CALL_CLOBBERS);
        } else {
            asm inline volatile("inlay_site.%c[id] %="
                                : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "=r"(a18)
                                : [id] INLAY_SYMBOL(id)
                                : "cc", "memory", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
                                  "x16", "x17", "x30");
        }
        out.x0 = a0;
    } else if constexpr (Clobbers != 0) {
        asm inline volatile("inlay_site.%c[id] %="
                            : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5)
                            : [id] INLAY_SYMBOL(id)
                            : "cc", "memory", "x16", "x17");
        out.x0 = a0;
    } else if constexpr (Keeps == keeps::all && Gives == gives::nothing) {
        if constexpr (Inputs == 0) {
            asm inline volatile("inlay_site.%c[id] %=" : : [id] INLAY_SYMBOL(id) : "cc", "memory");
        } else if constexpr (Inputs == 1) {
            asm inline volatile("inlay_site.%c[id] %=" : : [id] INLAY_SYMBOL(id), "r"(a0) : "cc", "memory");
        } else if constexpr (Inputs == 3) {
            asm inline volatile("inlay_site.%c[id] %=" : : [id] INLAY_SYMBOL(id), "r"(a0), "r"(a1) : "cc", "memory");
        } else if constexpr (Inputs == 7) {
            asm inline volatile("inlay_site.%c[id] %="
                                :
                                : [id] INLAY_SYMBOL(id), "r"(a0), "r"(a1), "r"(a2)
                                : "cc", "memory");
        } else if constexpr (Inputs == 15) {
            asm inline volatile("inlay_site.%c[id] %="
                                :
                                : [id] INLAY_SYMBOL(id), "r"(a0), "r"(a1), "r"(a2), "r"(a3)
                                : "cc", "memory");
        } else if constexpr (Inputs == 31) {
            asm inline volatile("inlay_site.%c[id] %="
                                :
                                : [id] INLAY_SYMBOL(id), "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(a4)
                                : "cc", "memory");
        } else {
            asm inline volatile("inlay_site.%c[id] %="
                                :
                                : [id] INLAY_SYMBOL(id), "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                                : "cc", "memory");
        }
    } else if constexpr (Keeps == keeps::all) {
        if constexpr (Inputs == 0) {
            asm inline volatile("inlay_site.%c[id] %=" : "=r"(a0) : [id] INLAY_SYMBOL(id) : "cc", "memory");
        } else if constexpr (Inputs == 1) {
            asm inline volatile("inlay_site.%c[id] %=" : "+r"(a0) : [id] INLAY_SYMBOL(id) : "cc", "memory");
        } else if constexpr (Inputs == 3) {
            asm inline volatile("inlay_site.%c[id] %=" : "+r"(a0) : [id] INLAY_SYMBOL(id), "r"(a1) : "cc", "memory");
        } else if constexpr (Inputs == 7) {
            asm inline volatile("inlay_site.%c[id] %="
                                : "+r"(a0)
                                : [id] INLAY_SYMBOL(id), "r"(a1), "r"(a2)
                                : "cc", "memory");
        } else if constexpr (Inputs == 15) {
            asm inline volatile("inlay_site.%c[id] %="
                                : "+r"(a0)
                                : [id] INLAY_SYMBOL(id), "r"(a1), "r"(a2), "r"(a3)
                                : "cc", "memory");
        } else if constexpr (Inputs == 31) {
            asm inline volatile("inlay_site.%c[id] %="
                                : "+r"(a0)
                                : [id] INLAY_SYMBOL(id), "r"(a1), "r"(a2), "r"(a3), "r"(a4)
                                : "cc", "memory");
        } else {
            asm inline volatile("inlay_site.%c[id] %="
                                : "+r"(a0)
                                : [id] INLAY_SYMBOL(id), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                                : "cc", "memory");
        }
        out.x0 = a0;
    } else {
        // x0 is an output whether or not it is asked for: a function with a result changes it.
        if constexpr (Inputs == 0) {
            asm inline volatile("inlay_site.%c[id] %="
                                : "=r"(a0)
                                : [id] INLAY_SYMBOL(id)
                                : "cc", "memory", "x16", "x17", "x30" INLAY_CALL_CLOBBERS);
        } else if constexpr (Inputs == 1) {
            asm inline volatile("inlay_site.%c[id] %="
                                : "+r"(a0)
                                : [id] INLAY_SYMBOL(id)
                                : "cc", "memory", "x16", "x17", "x30" INLAY_CALL_CLOBBERS);
        } else if constexpr (Inputs == 3) {
            asm inline volatile("inlay_site.%c[id] %="
                                : "+r"(a0)
                                : [id] INLAY_SYMBOL(id), "r"(a1)
                                : "cc", "memory", "x16", "x17", "x30" INLAY_CALL_CLOBBERS);
        } else if constexpr (Inputs == 7) {
            asm inline volatile("inlay_site.%c[id] %="
                                : "+r"(a0)
                                : [id] INLAY_SYMBOL(id), "r"(a1), "r"(a2)
                                : "cc", "memory", "x16", "x17", "x30" INLAY_CALL_CLOBBERS);
        } else if constexpr (Inputs == 15) {
            asm inline volatile("inlay_site.%c[id] %="
                                : "+r"(a0)
                                : [id] INLAY_SYMBOL(id), "r"(a1), "r"(a2), "r"(a3)
                                : "cc", "memory", "x16", "x17", "x30" INLAY_CALL_CLOBBERS);
        } else if constexpr (Inputs == 31) {
            asm inline volatile("inlay_site.%c[id] %="
                                : "+r"(a0)
                                : [id] INLAY_SYMBOL(id), "r"(a1), "r"(a2), "r"(a3), "r"(a4)
                                : "cc", "memory", "x16", "x17", "x30" INLAY_CALL_CLOBBERS);
        } else {
            asm inline volatile("inlay_site.%c[id] %="
                                : "+r"(a0)
                                : [id] INLAY_SYMBOL(id), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                                : "cc", "memory", "x16", "x17", "x30" INLAY_CALL_CLOBBERS);
        }
        out.x0 = a0;
    }
    return out;
}

/// The trampoline `Callee::trampoline`: jumps through the pointer. Defined here because a body in C++ would
/// let compilers draw conclusions from it (noexcept, unused arguments). One a unit, local to it.
template <class Callee>
[[gnu::always_inline]] inline void trampoline() noexcept {
    asm inline volatile(
        ".ifndef .Linlay_trampoline.%c[id]\n\t"
        ".ifdef %c[name]\n\t"
        ".error \"inlay: two calls of this unit have one name but differ; give each a name of its own\"\n\t"
        ".endif\n\t"
        ".pushsection .text.inlay.%c[name],\"ax\",@progbits\n\t"
        ".balign 16\n"
        ".Linlay_trampoline.%c[id]:\n\t"
        ".type %c[name],@function\n"
        "%c[name]:\n\t" INLAY_FRAME_BEGIN ".if %c[landing]\n\thint 34\n\t.endif\n\t" // bti c
        "adrp x16, %c[pointer]\n\t"
        "ldr x16, [x16, :lo12:%c[pointer]]\n\t"
        "br x16\n"
        ".Linlay_end.%c[name]:\n\t"
        ".size %c[name], . - %c[name]\n\t" INLAY_FRAME_END("%c[name]", "16", "0,0,0") ".popsection\n\t"
                                                                                      ".endif"
        :
        : [id] INLAY_SYMBOL(id_of<Callee>), [name] INLAY_FUNCTION(Callee::trampoline),
          [pointer] INLAY_SYMBOL(&Callee::state.target), [landing] "i"(landing_pads));
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
    asm inline volatile(
        ".Linlay_call%=:\n\t" INLAY_SECTION_IS_THERE(
            ".Linlay_call%=", "inlay_calls") ".pushsection inlay_calls,\"awo?\",@progbits,.Linlay_call%=\n\t"
                                             ".balign 4\n\t"
                                             ".long .Linlay_call%= - ., .Linlay_callee.%c[id] - .\n\t"
                                             ".popsection"
        :
        : [id] INLAY_SYMBOL(id_of<Callee>));
}

/// A `table::named` for a key or static call: its name, its type, its cell. `Signature` is an anchor whose own name is
/// written out: it holds the type, and all compilers spell it alike. `unique`: a linker may drop each by itself.
template <class Declaration, auto* Name, auto* Signature>
[[gnu::always_inline]] inline void named() noexcept {
    asm inline volatile(".ifndef .Linlay_signature.%c[signature]\n\t"
                        ".pushsection .rodata.inlay.%c[signature],\"a\",@progbits\n"
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

/// The `table::named` that named() has written.
template <class Declaration>
[[nodiscard, gnu::always_inline]] inline const table::named* address_of_named() noexcept {
    const table::named* result = nullptr; // NOLINT(misc-const-correctness): an output
    asm inline volatile("adrp %[result], .Linlay_named.%c[id]\n\t"
                        "add %[result], %[result], :lo12:.Linlay_named.%c[id]"
                        : [result] "=r"(result)
                        : [id] INLAY_SYMBOL(id_of<Declaration>));
    return result;
}

/// A marker and the `table::call_record` of a static call; the compiler's call of the trampoline follows.
template <class Declaration>
[[gnu::always_inline]] inline void static_call_site() noexcept {
    asm inline volatile(
        ".Linlay_call%=:\n\t" INLAY_SECTION_IS_THERE(
            ".Linlay_call%=", "inlay_calls") ".pushsection inlay_calls,\"awo?\",@progbits,.Linlay_call%=\n\t"
                                             ".balign 4\n\t"
                                             ".long .Linlay_call%= - ., .Linlay_named.%c[id] - .\n\t"
                                             ".popsection"
        :
        : [id] INLAY_SYMBOL(id_of<Declaration>));
}

/// The `table::image` of this image, under the name of `Image`, which is declared only. The linker keeps one. What
/// begins and ends each table are symbols of the linker's, if there is such a table: to ask for it without needing it
/// takes .weakref, which leaves a site's own need of it (INLAY_SECTION_IS_THERE) what it is. An empty part of each
/// section is for linkers that drop a section with its last record, and then miss the symbols of sites that are gone as
/// well.
template <auto* Image, auto* Nothing, auto* Zero>
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
                        ".pushsection inlay_alternatives,\"ao?\",@progbits,%c[image]\n\t.popsection\n\t"
                        ".pushsection inlay_calls,\"awo?\",@progbits,%c[image]\n\t.popsection\n\t"
                        ".pushsection inlay_keys,\"awo?\",@progbits,%c[image]\n\t.popsection\n\t"
                        ".pushsection inlay_names,\"a\",@progbits\n.Linlay_empty_names:\n\t.popsection\n\t"
                        INLAY_RELOC("%c[image]", ".Linlay_empty_names")
                        ".irp name,alternatives,calls,keys,names\n\t"
                        INLAY_WORD ".Linlay_start_\\name, .Linlay_stop_\\name\n\t"
                        ".endr\n\t"
                        ".zero %c[gap]\n\t"
                        INLAY_WORD "%c[nothing], %c[zero]\n\t"
                        ".size %c[image], . - %c[image]\n\t"
                        ".popsection\n\t"
                        ".endif"
                      // clang-format on
                      :
                      : [image] INLAY_SYMBOL(Image), [gap] "i"(gap), [nothing] INLAY_SYMBOL(Nothing),
                        [zero] INLAY_SYMBOL(Zero), [word] "i"(sizeof(word)), [version] "i"(table::version));
}

/// The note by which other images find `Image` (`table::note`), and calls of `Join` and `Leave` when the image is loaded,
/// before its other constructors, and unloaded, after its other destructors. One a unit, since a linker may drop notes
/// that are in groups. `Header` is the linker's __ehdr_start.
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

/// The value of a key. One instruction at the site, which starts out as a branch to the code that reads the value from
/// memory; patched, it is a nop (where `Expected` follows) or a branch to `other`. The assembly reads the site's own
/// label only, so compilers may copy it.
template <class Declaration, bool Expected>
[[nodiscard, gnu::always_inline]] inline bool key_site() noexcept {
    asm inline goto(
        ".Linlay_key%=: b %l[slow]\n\t" INLAY_RELOC(".Linlay_key%=", "%c[id] + %c[shape]")
            INLAY_SECTION_IS_THERE(".Linlay_key%=", "inlay_keys") INLAY_SECTION_IS_THERE(
                ".Linlay_key%=",
                "inlay_names") ".pushsection inlay_keys,\"awo?\",@progbits,.Linlay_key%=\n\t"
                               ".balign 4\n\t"
                               ".long .Linlay_key%= - ., %l[other] - ., .Linlay_named.%c[id] + %c[shape] - .\n\t"
                               ".popsection"
        :
        : [id] INLAY_SYMBOL(anchor_of<Declaration>), [shape] "i"(Expected ? table::falls_through_if_true : 0)
        :
        : slow, other);
    return Expected;
slow:
    return __atomic_load_n(&Declaration::state.value, __ATOMIC_RELAXED) != 0;
other:
    return !Expected;
}

/// Bytes of a predicate_site().
inline constexpr unsigned length_of_predicate_site = 4;

/// Whether a predicate holds: an alternative of a jump to `other` and a nop, `Nop`, which is there already. `Expected` is
/// what follows the nop. The original is what leads to false. The tables of a site are its own, since its jump is.
template <class Predicate, class Nop, bool Expected>
[[nodiscard, gnu::always_inline]] inline bool predicate_site() noexcept {
    // clang-format off
    asm inline goto(".Linlay_has%=:\n\t"
                    ".if %c[expected]\n\tb %l[other]\n\t"
                    ".else\n\tinlay_code.%c[nop]\n\t.endif\n\t"
                    INLAY_RELOC(".Linlay_has%=", "%c[id]")
                    INLAY_SECTION_IS_THERE(".Linlay_has%=", "inlay_alternatives")
                    ".pushsection .rodata.inlay_has,\"ao?\",@progbits,.Linlay_has%=\n\t"
                    ".balign 4\n"
                    ".Linlay_has_form%=:\n\t"
                    ".byte 4,%c[kind],0,0, 0,0xff,0xff,0xff\n\t"
                    "b %l[other]\n\t"
                    ".balign 4\n"
                    ".Linlay_has_original%=:\n\t"
                    ".if %c[expected]\n\t.long .Linlay_has_form%= - .\n\t"
                    ".else\n\t.long .Linlay_form.%c[nop] - .\n\t.endif\n\t"
                    ".long 0, 0, 0\n\t.byte 4,0,0,0\n"
                    ".Linlay_has_choice%=:\n\t"
                    ".if %c[expected]\n\t.long .Linlay_form.%c[nop] - .\n\t"
                    ".else\n\t.long .Linlay_has_form%= - .\n\t.endif\n\t"
                    ".long .Linlay_predicate.%c[id] - ., .Linlay_has_original%= - ., 0\n\t.byte 4,1,0,0\n\t"
                    ".popsection\n\t"
                    ".pushsection inlay_alternatives,\"ao?\",@progbits,.Linlay_has%=\n\t"
                    ".balign 4\n\t"
                    ".long .Linlay_has%= - ., .Linlay_has_choice%= - .\n\t"
                    ".popsection"
                    :
                    : [id] INLAY_SYMBOL(anchor_of<Predicate>), [nop] INLAY_SYMBOL(anchor_of<Nop>), [expected] "i"(int{Expected}),
                      [kind] "i"(static_cast<int>(table::form_kind::plain))
                    :
                    : other);
    // clang-format on
    return Expected;
other:
    return !Expected;
}

/// A label that a smaller switch does not use is never reached. The empty statement keeps the label's block apart:
/// Clang before 17 would merge it with what follows, and compare the value there instead of going straight to its case.
template <unsigned Index, unsigned Count, unsigned First>
[[gnu::always_inline]] inline unsigned way() noexcept {
    if constexpr (Index >= Count) {
        __builtin_unreachable();
    } else {
        asm inline volatile("");
        return First + Index;
    }
}

/// The way of a switch, of `Count` (2 to 16) that begin with `First`; counted in steps of 1 << `Shift`. `Initial` is
/// the one that follows (16: none does). Else as key_site(). If the value is none of these ways, it has just been set,
/// and is what is returned.
template <class Declaration, unsigned Count, unsigned First, unsigned Shift, unsigned Initial>
[[nodiscard, gnu::always_inline]] inline unsigned switch_site() noexcept {
    asm inline goto(
        ".Linlay_key%=: b %l[slow]\n\t" INLAY_RELOC(".Linlay_key%=",
                                                    "%c[id] + %c[shape] + 4*%c[initial] + 128*%c[first]")
            INLAY_SECTION_IS_THERE(".Linlay_key%=", "inlay_keys") INLAY_SECTION_IS_THERE(
                ".Linlay_key%=",
                "inlay_names") ".pushsection .rodata.inlay_ways,\"ao?\",@progbits,.Linlay_key%=\n\t"
                               ".balign 4\n"
                               ".Linlay_ways%=:\n\t"
                               ".byte %c[count], %c[first], %c[shift], 0\n\t"
                               ".set .Linlay_way,0\n\t"
                               ".irp way,%l[w0],%l[w1],%l[w2],%l[w3],%l[w4],%l[w5],%l[w6],%l[w7],"
                               "%l[w8],%l[w9],%l[w10],%l[w11],%l[w12],%l[w13],%l[w14],%l[w15]\n\t"
                               ".if .Linlay_way < %c[count]\n\t"
                               ".if .Linlay_way == %c[initial]\n\t.long 0\n\t"
                               ".else\n\t.long \\way - .\n\t.endif\n\t"
                               ".endif\n\t"
                               ".set .Linlay_way,.Linlay_way+1\n\t"
                               ".endr\n\t"
                               ".popsection\n\t"
                               ".pushsection inlay_keys,\"awo?\",@progbits,.Linlay_key%=\n\t"
                               ".balign 4\n\t"
                               ".long .Linlay_key%= - ., .Linlay_ways%= - ., .Linlay_named.%c[id] + %c[shape] - .\n\t"
                               ".popsection"
        :
        : [id] INLAY_SYMBOL(anchor_of<Declaration>), [shape] "i"(table::many_ways), [count] "i"(Count),
          [first] "i"(First), [shift] "i"(Shift), [initial] "i"(Initial)
        :
        : slow, w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15);
    return way<Initial, Count, First>();
slow: {
    const auto value = static_cast<unsigned>(__atomic_load_n(&Declaration::state.value, __ATOMIC_RELAXED));
    if (value >= Declaration::ways) {
        __builtin_unreachable();
    }
    return value >> Shift;
}
w0:
    return way<0, Count, First>();
w1:
    return way<1, Count, First>();
w2:
    return way<2, Count, First>();
w3:
    return way<3, Count, First>();
w4:
    return way<4, Count, First>();
w5:
    return way<5, Count, First>();
w6:
    return way<6, Count, First>();
w7:
    return way<7, Count, First>();
w8:
    return way<8, Count, First>();
w9:
    return way<9, Count, First>();
w10:
    return way<10, Count, First>();
w11:
    return way<11, Count, First>();
w12:
    return way<12, Count, First>();
w13:
    return way<13, Count, First>();
w14:
    return way<14, Count, First>();
w15:
    return way<15, Count, First>();
}

/// The ID registers that features are read from, numbered CRm << 4 | op2 (op0 is 3, op1 and CRn are 0).
enum class id_register : uint8_t {
    none = 0,
    pfr0 = 0x40,  ///< ID_AA64PFR0_EL1
    pfr1 = 0x41,  ///< ID_AA64PFR1_EL1
    pfr2 = 0x42,  ///< ID_AA64PFR2_EL1
    zfr0 = 0x44,  ///< ID_AA64ZFR0_EL1
    smfr0 = 0x45, ///< ID_AA64SMFR0_EL1
    fpfr0 = 0x47, ///< ID_AA64FPFR0_EL1
    dfr0 = 0x50,  ///< ID_AA64DFR0_EL1
    dfr1 = 0x51,  ///< ID_AA64DFR1_EL1
    isar0 = 0x60, ///< ID_AA64ISAR0_EL1
    isar1 = 0x61, ///< ID_AA64ISAR1_EL1
    isar2 = 0x62, ///< ID_AA64ISAR2_EL1
    isar3 = 0x63, ///< ID_AA64ISAR3_EL1
    mmfr0 = 0x70, ///< ID_AA64MMFR0_EL1
    mmfr1 = 0x71, ///< ID_AA64MMFR1_EL1
    mmfr2 = 0x72, ///< ID_AA64MMFR2_EL1
    mmfr3 = 0x73, ///< ID_AA64MMFR3_EL1
};

/// mrs and msr of the register that `Number` is: op0, op1, CRn, CRm, op2 (system_registers.hpp).
template <unsigned Number>
[[nodiscard, gnu::always_inline]] inline uint64_t read_system() noexcept {
    uint64_t value; // NOLINT(*-init-variables): an output
    asm volatile("mrs %0, S%c1_%c2_C%c3_C%c4_%c5"
                 : "=r"(value)
                 : "i"(Number >> 14), "i"(Number >> 11 & 7), "i"(Number >> 7 & 15), "i"(Number >> 3 & 15),
                   "i"(Number & 7)
                 : "memory");
    return value;
}
template <unsigned Number>
[[gnu::always_inline]] inline void write_system(uint64_t value) noexcept {
    asm volatile("msr S%c1_%c2_C%c3_C%c4_%c5, %x0"
                 :
                 : "rZ"(value), "i"(Number >> 14), "i"(Number >> 11 & 7), "i"(Number >> 7 & 15), "i"(Number >> 3 & 15),
                   "i"(Number & 7)
                 : "memory");
}

/// The value of an ID register; 0 for what is none of them. By number, since assemblers lack the newer names.
[[gnu::noinline]] inline uint64_t read(id_register which) noexcept {
    uint64_t value = 0;
    if (which == id_register::pfr0) {
        value = read_system<0xc000 | 4 << 3 | 0>();
    } else if (which == id_register::pfr1) {
        value = read_system<0xc000 | 4 << 3 | 1>();
    } else if (which == id_register::pfr2) {
        value = read_system<0xc000 | 4 << 3 | 2>();
    } else if (which == id_register::zfr0) {
        value = read_system<0xc000 | 4 << 3 | 4>();
    } else if (which == id_register::smfr0) {
        value = read_system<0xc000 | 4 << 3 | 5>();
    } else if (which == id_register::fpfr0) {
        value = read_system<0xc000 | 4 << 3 | 7>();
    } else if (which == id_register::dfr0) {
        value = read_system<0xc000 | 5 << 3 | 0>();
    } else if (which == id_register::dfr1) {
        value = read_system<0xc000 | 5 << 3 | 1>();
    } else if (which == id_register::isar0) {
        value = read_system<0xc000 | 6 << 3 | 0>();
    } else if (which == id_register::isar1) {
        value = read_system<0xc000 | 6 << 3 | 1>();
    } else if (which == id_register::isar2) {
        value = read_system<0xc000 | 6 << 3 | 2>();
    } else if (which == id_register::isar3) {
        value = read_system<0xc000 | 6 << 3 | 3>();
    } else if (which == id_register::mmfr0) {
        value = read_system<0xc000 | 7 << 3 | 0>();
    } else if (which == id_register::mmfr1) {
        value = read_system<0xc000 | 7 << 3 | 1>();
    } else if (which == id_register::mmfr2) {
        value = read_system<0xc000 | 7 << 3 | 2>();
    } else if (which == id_register::mmfr3) {
        value = read_system<0xc000 | 7 << 3 | 3>();
    }
    return value;
}

// ---- Text and caches. The manual's sequence for instructions that were written (DDI 0487, B2.7.4.2, "Synchronization and
// coherency issues between data and instruction accesses"): clean each data line to the point of unification, dsb ish,
// invalidate each instruction line, dsb ish, isb; and a context synchronisation event on each other processor. CTR_EL0
// says how long lines are, and whether a processor does the first step (IDC) or the third one (DIC) by itself. The
// barriers stay.

/// CTR_EL0: bits 3:0 and 19:16 are the instruction and data line, as powers of two of words; bits 28 and 29 IDC and DIC.
[[nodiscard, gnu::always_inline]] inline uint64_t cache_type() noexcept {
    uint64_t value; // NOLINT(*-init-variables): an output
    asm volatile("mrs %0, ctr_el0" : "=r"(value));
    return value;
}
inline constexpr unsigned data_lines = 16;       ///< where cache_type() has the length of a data line
inline constexpr unsigned instruction_lines = 0; ///< and that of an instruction line

/// Calls `operation(address)` for each line with any of the `size` bytes at `at`.
template <class Operation>
[[gnu::always_inline]] inline void each_line(uint64_t type, unsigned which, uintptr_t at, size_t size,
                                             const Operation& operation) noexcept {
    const uintptr_t line = uintptr_t{4} << (type >> which & 15U);
    for (uintptr_t each = at & ~(line - 1); each < at + size; each += line) {
        operation(each);
    }
}

inline namespace INLAY_TARGET {

/// Has the next reads of `size` bytes at `at`, which were written by another address, find what is in memory: also
/// where that address is not cached.
[[gnu::noinline]] inline void forget_data(uintptr_t at, size_t size) noexcept {
    asm volatile("dsb ish" : : : "memory");
    each_line(cache_type(), data_lines, at, size, [](uintptr_t each) noexcept {
        asm volatile("dc civac, %0" : : "r"(each) : "memory");
    });
    asm volatile("dsb ish" : : : "memory");
}

/// Has all processors that share these caches fetch what was written: `size` bytes at `written`, which run at
/// `executed`. What a processor has fetched already it forgets by synchronise(): the dsb ish and isb of that belong to
/// this. Linux lets programs do this, too.
[[gnu::noinline]] inline void clean_text(uintptr_t written, uintptr_t executed, size_t size) noexcept {
    const uint64_t type = cache_type();
    constexpr unsigned idc = 28;
    constexpr unsigned dic = 29;
    if ((type >> idc & 1) == 0) {
        each_line(type, data_lines, written, size, [](uintptr_t each) noexcept {
            asm volatile("dc cvau, %0" : : "r"(each) : "memory");
        });
    }
    asm volatile("dsb ish" : : : "memory");
    if ((type >> dic & 1) == 0) {
        each_line(type, instruction_lines, executed, size, [](uintptr_t each) noexcept {
            asm volatile("ic ivau, %0" : : "r"(each) : "memory");
        });
    }
}

} // namespace INLAY_TARGET

/// Waits until clean_text() has been done everywhere, and makes this processor forget what it has fetched. The others
/// need an event of their own: an interrupt that each takes and returns from, or an isb.
/// (Visible: it is an argument of platform::bare, which would be hidden with it, and a kernel's type is not that derives
/// from it.)
[[gnu::visibility("default")]] inline void synchronise() noexcept {
    asm inline volatile("dsb ish\n\tisb" : : : "memory");
}

} // namespace aarch64::emit
} // namespace inlay

#undef INLAY_SYMBOL
#undef INLAY_BARE
#undef INLAY_KEEP_REGISTERS
#undef INLAY_NOT_INSTRUMENTED
#undef INLAY_CFI
#undef INLAY_FRAME_BEGIN
#undef INLAY_FRAME_END
#undef INLAY_RELOC
#undef INLAY_WORD
#undef INLAY_SECTION_IS_THERE
#undef INLAY_FUNCTION
#undef INLAY_NAMED
#undef INLAY_CALL_CLOBBERS
