// SPDX-License-Identifier: BSL-1.0
//
// emit: everything that x86 needs in inline assembly, and nothing else.
//
//     emit::form<Code>();                                   // a description: data, once a unit
//     emit::site<Declaration, ...>(inputs);                 // the site: its instructions and its record
//
// How it works. A description is written where it is first used in a unit (`.ifndef`), under a local label
// made from its anchor (anchor.hpp). A code becomes an assembler macro, because its bytes are needed in
// two places: in the form (data) and at the site (text).
//
// A site's record goes to a section with flags "ao?": in the COMDAT group of the function around it (`?`),
// and linked to the section of the site's own label (`o`), so that it lives and dies with its code.
//
// `asm inline`: GCC measures an assembly statement by its lines, and would take a description of fifty lines that
// write no instruction for fifty instructions when it decides what to inline.
//
// A form that calls or moves the stack must not meet the red zone, and no compiler can be told so for one
// statement. But a function that may call another has no red zone: `never_a_leaf` adds such a call on a
// path that the compiler cannot prove dead and that nothing takes. It costs no executed instruction. (In 32-bit mode
// there is no red zone.)
//
// In 32-bit mode addresses stand in the code itself, so only position-dependent code will do.
#pragma once

#include "inlay/requirements.hpp"

// As in requirements.hpp: the missing header's name is the message.
#if defined(__i386__) && (defined(__PIC__) || defined(__PIE__))
#include "inlay: in 32-bit mode, compile position-dependent code with -fno-pic -fno-pie, and link with -no-pie"
#endif
#if defined(__code_model_large__) && !defined(__clang__)
#include "inlay: it needs -mcmodel=medium or small: under -mcmodel=large, GCC gives no address to assembly statements"
#endif

#include "inlay/anchor.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/arch/x86/registers.hpp"
#include "inlay/code.hpp"
#include "inlay/table.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

// A function that consists of assembly: no compiler may put an instruction of its own into it, which would change the
// registers that it is there to keep.
#if defined(__clang__)
#define INLAY_NAKED                                                                                                    \
    __attribute__((naked, no_stack_protector, no_instrument_function, no_profile_instrument_function,                  \
                   no_sanitize("coverage"), disable_sanitizer_instrumentation, xray_never_instrument,                  \
                   visibility("hidden")))
#else
#define INLAY_NAKED                                                                                                    \
    __attribute__((naked, no_stack_protector, no_instrument_function, no_profile_instrument_function,                  \
                   no_sanitize_coverage, visibility("hidden")))
#endif

// Unwind information, where the compiler writes some. Frames of naked functions are the compiler's; it knows nothing
// of what moves the stack in them. INLAY_FRAME_BEGIN and INLAY_FRAME_END(name) stand around code in a section of its
// own. Clang before 17 refuses .cfi_startproc inside another frame: there the entry is written out, for code that
// leaves the stack alone.
#ifdef __GCC_HAVE_DWARF2_CFI_ASM
#define INLAY_CFI(directive) "." directive "\n\t"
#if defined(__clang__) && __clang_major__ < 17
#define INLAY_FRAME_BEGIN
#if !__STDC_HOSTED__
#define INLAY_FRAME_END(name)
#elif defined(__x86_64__)
#define INLAY_FRAME_END(name)                                                                                          \
    ".pushsection .eh_frame,\"a\",@unwind\n"                                                                           \
    ".Linlay_cie." name ":\n\t"                                                                                        \
    ".long 20, 0\n\t"                                                                                                  \
    ".byte 1,0x7a,0x52,0,1,0x78,16,1,0x1b,0x0c,7,8,0x90,1,0,0\n"                                                       \
    ".Linlay_fde." name ":\n\t"                                                                                        \
    ".long 20, . - .Linlay_cie." name ", " name " - ., .Linlay_end." name " - " name "\n\t"                            \
    ".byte 0,0,0,0,0,0,0,0\n\t"                                                                                        \
    ".popsection\n\t"
#else
#define INLAY_FRAME_END(name)                                                                                          \
    ".pushsection .eh_frame,\"a\",@progbits\n"                                                                         \
    ".Linlay_cie." name ":\n\t"                                                                                        \
    ".long 20, 0\n\t"                                                                                                  \
    ".byte 1,0x7a,0x52,0,1,0x7c,8,1,0x1b,0x0c,4,4,0x88,1,0,0\n"                                                        \
    ".Linlay_fde." name ":\n\t"                                                                                        \
    ".long 20, . - .Linlay_cie." name ", " name " - ., .Linlay_end." name " - " name "\n\t"                            \
    ".byte 0,0,0,0,0,0,0,0\n\t"                                                                                        \
    ".popsection\n\t"
#endif
#else
#define INLAY_FRAME_BEGIN ".cfi_startproc\n\t"
#define INLAY_FRAME_END(name) ".cfi_endproc\n\t"
#endif
#else
#define INLAY_CFI(directive)
#define INLAY_FRAME_BEGIN
#define INLAY_FRAME_END(name)
#endif

// Kernels that are built with -mindirect-branch=thunk-extern and -mfunction-return=thunk-extern name their thunks, as
// in -DINLAY_INDIRECT_THUNK_R11=__x86_indirect_thunk_r11 -DINLAY_RETURN_THUNK=__x86_return_thunk: a jump to the address
// in r11, and a return. (32-bit mode has no register to spare: there, an indirect jump is a push and a return.)
#define INLAY_TEXT_OF(name) INLAY_TEXT_OF_(name)
#define INLAY_TEXT_OF_(name) #name
#ifdef INLAY_RETURN_THUNK
#define INLAY_RETURN ".byte 0xe9\n\t.long " INLAY_TEXT_OF(INLAY_RETURN_THUNK) " - . - 4\n\t"
#else
#define INLAY_RETURN ".byte 0xc3\n\t"
#endif

// The relocation that changes nothing. At a site it names the declaration, so that a linker that folds identical
// functions sees two that differ; and the section's own symbol, so that a linker script that puts the records
// elsewhere without it does not link.
#if defined(__x86_64__)
#define INLAY_RELOC(at, symbol) ".reloc " at ", R_X86_64_NONE, " symbol "\n\t"
#define INLAY_WORD ".quad "
#else
#define INLAY_RELOC(at, symbol) ".reloc " at ", R_386_NONE, " symbol "\n\t"
#define INLAY_WORD ".long "
#endif
#if defined(__x86_64__) && defined(INLAY_INDIRECT_THUNK_R11)
#define INLAY_JUMP_THROUGH(pointer)                                                                                    \
    ".byte 0x4c,0x8b,0x1d\n\t.long " pointer " - . - 4\n\t"                                                            \
    ".byte 0xe9\n\t.long " INLAY_TEXT_OF(INLAY_INDIRECT_THUNK_R11) " - . - 4\n\t"
#elif defined(__x86_64__)
#define INLAY_JUMP_THROUGH(pointer) ".byte 0xff,0x25\n\t.long " pointer " - . - 4\n\t" // jmp *pointer(%rip)
#elif defined(INLAY_RETURN_THUNK)
#define INLAY_JUMP_THROUGH(pointer) ".byte 0xff,0x35\n\t.long " pointer "\n\t" INLAY_RETURN // push pointer
#else
#define INLAY_JUMP_THROUGH(pointer) ".byte 0xff,0x25\n\t.long " pointer "\n\t" // jmp *pointer
#endif

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
#define INLAY_FUNCTION(function) "s"(__builtin_function_start(function))
#else
#define INLAY_FUNCTION(function) "i"(function)
#endif

// What a called function may change besides general registers. Clang knows all names everywhere. GCC refuses those of
// registers that the function around a site does not have, and has no way to ask: there, thunks keep what a unit
// cannot name (see `kept_by_thunks`). Without vector registers (-mgeneral-regs-only, as kernels are built) no function
// changes them.
#define INLAY_VECTORS_OF_SSE_32 , "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7"
#define INLAY_VECTORS_OF_SSE_64                                                                                        \
    INLAY_VECTORS_OF_SSE_32, "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#define INLAY_FLOATS , "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)"
#define INLAY_MASKS , "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#define INLAY_VECTORS_OF_AVX512                                                                                        \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27",      \
        "xmm28", "xmm29", "xmm30", "xmm31"
#define INLAY_GENERAL_OF_APX                                                                                           \
    , "r16", "r17", "r18", "r19", "r20", "r21", "r22", "r23", "r24", "r25", "r26", "r27", "r28", "r29", "r30", "r31"
#if defined(__MMX__) || defined(__clang__)
#define INLAY_MMX , "mm0", "mm1", "mm2", "mm3", "mm4", "mm5", "mm6", "mm7"
#else
#define INLAY_MMX
#endif
// Clang 18 knows their names only where it may use them.
#if defined(__APX_F__) || defined(__EGPR__) || (defined(__clang__) && __clang_major__ >= 19 && defined(__x86_64__))
#define INLAY_APX INLAY_GENERAL_OF_APX
#else
#define INLAY_APX
#endif
#if defined(__x86_64__)
#if defined(__clang__) || defined(__AVX512F__)
#define INLAY_CALL_CLOBBERS INLAY_FLOATS INLAY_MMX INLAY_VECTORS_OF_SSE_64 INLAY_VECTORS_OF_AVX512 INLAY_MASKS INLAY_APX
#elif defined(__SSE__)
#define INLAY_CALL_CLOBBERS INLAY_FLOATS INLAY_MMX INLAY_VECTORS_OF_SSE_64 INLAY_APX
#else
#define INLAY_CALL_CLOBBERS INLAY_APX
#endif
#elif defined(__clang__) || defined(__AVX512F__)
#define INLAY_CALL_CLOBBERS INLAY_FLOATS INLAY_MMX INLAY_VECTORS_OF_SSE_32 INLAY_MASKS
#elif defined(__SSE__)
#define INLAY_CALL_CLOBBERS INLAY_FLOATS INLAY_MMX INLAY_VECTORS_OF_SSE_32
#elif !defined(_SOFT_FLOAT) // x87
#define INLAY_CALL_CLOBBERS INLAY_FLOATS INLAY_MMX
#else
#define INLAY_CALL_CLOBBERS
#endif

namespace [[gnu::visibility("hidden")]] inlay {
namespace x86::emit {

using inlay::detail::anchor_of;
using inlay::detail::id_of;

// What a thunk keeps of the registers that GCC lets no statement of this unit name, although a function in it may have
// them by its target attribute. Bits of `processor_state`.
inline constexpr int state_sse = 2;
inline constexpr int state_avx = 4;
inline constexpr int state_avx512 = 8;
inline constexpr int state_masks_of_64_bits = 16;
inline constexpr int state_apx = 32;
inline constexpr int state_unknown = 128;
#if defined(__clang__) || defined(_SOFT_FLOAT) || (defined(__x86_64__) && !defined(__SSE__))
inline constexpr int kept_by_thunks = 0;
#elif defined(__x86_64__)
inline constexpr int kept_by_thunks = state_unknown
#ifndef __AVX512F__
                                      | state_avx512
#endif
#ifndef __APX_F__
                                      | state_apx
#endif
    ;
#elif !defined(__SSE__)
inline constexpr int kept_by_thunks = state_unknown | state_sse | state_avx | state_avx512;
#elif !defined(__AVX512F__)
inline constexpr int kept_by_thunks = state_unknown | state_avx512;
#else
inline constexpr int kept_by_thunks = 0;
#endif

/// What this processor has of those registers, and the system lets a program use. One an image.
[[gnu::visibility("hidden")]] inline constinit uint8_t processor_state = state_unknown;
inline namespace INLAY_TARGET {
/// Finds out.
[[gnu::visibility("hidden")]] inline void find_processor_state() noexcept;
} // namespace INLAY_TARGET

// test byte ptr [state], bits; jz other
#if defined(__x86_64__)
#define INLAY_IF_STATE(bits, other)                                                                                    \
    ".byte 0xf6,0x05\n\t.long %c[state] - . - 5\n\t.byte " bits "\n\t"                                                 \
    ".byte 0x0f,0x84\n\t.long " other " - . - 4\n\t"
#else
#define INLAY_IF_STATE(bits, other)                                                                                    \
    ".byte 0xf6,0x05\n\t.long %c[state]\n\t.byte " bits "\n\t"                                                         \
    ".byte 0x0f,0x84\n\t.long " other " - . - 4\n\t"
#endif
#if defined(__x86_64__)
#define INLAY_PUSH(bytes) ".byte " bytes "\n\t" INLAY_CFI("cfi_adjust_cfa_offset 8")
#define INLAY_POP(bytes) ".byte " bytes "\n\t" INLAY_CFI("cfi_adjust_cfa_offset -8")
#else
#define INLAY_PUSH(bytes) ".byte " bytes "\n\t" INLAY_CFI("cfi_adjust_cfa_offset 4")
#define INLAY_POP(bytes) ".byte " bytes "\n\t" INLAY_CFI("cfi_adjust_cfa_offset -4")
#endif
#define INLAY_GO(where) ".byte 0xe9\n\t.long " where " - . - 4\n"
// Eight registers to, or from, places `step` bytes apart in the frame of the thunk, which rbp belongs to. The first
// argument has the bytes before ModRM.
#define INLAY_EIGHT(bytes, first, step)                                                                                \
    ".irp n,0,1,2,3,4,5,6,7\n\t.byte " bytes ",0x85+8*\\n\n\t.long " first "+" step "*\\n\n\t.endr\n\t"
#define INLAY_MASKS_TO_FRAME(opcode, first)                                                                            \
    INLAY_IF_STATE("%c[wide]", ".Linlay_narrow%=")                                                                     \
    INLAY_EIGHT("0xc4,0xe1,0xf8," opcode, first, "8") /* kmovq */                                                      \
    INLAY_GO(".Linlay_masks%=")                                                                                        \
    ".Linlay_narrow%=:\n\t" INLAY_EIGHT("0xc5,0xf8," opcode, first, "8") /* kmovw */                                   \
        ".Linlay_masks%=:\n\t"
#if defined(__x86_64__)
#define INLAY_STATE_TO_FRAME(vector, mask, general)                                                                    \
    INLAY_IF_STATE("%c[avx512]", ".Linlay_no_avx512%=")                                                                \
    INLAY_MASKS_TO_FRAME(mask, "-1312")                                                                                \
    INLAY_EIGHT("0x62,0xe1,0xfe,0x48," vector, "-1248", "64") /* vmovdqu64, zmm16 to zmm23 */                          \
    INLAY_EIGHT("0x62,0x61,0xfe,0x48," vector, "-736", "64")  /* zmm24 to zmm31 */                                     \
    ".Linlay_no_avx512%=:\n\t" INLAY_IF_STATE("%c[apx]", ".Linlay_no_apx%=")                                           \
        INLAY_EIGHT("0xd5,0x48," general, "-224", "8") /* mov, r16 to r23 */                                           \
        INLAY_EIGHT("0xd5,0x4c," general, "-160", "8") /* r24 to r31 */                                                \
        ".Linlay_no_apx%=:\n\t"
#else
// clang-format off
#define INLAY_STATE_TO_FRAME(vector, mask, sse)                                                                        \
    INLAY_IF_STATE("%c[avx512]", ".Linlay_no_avx512%=")                                                                \
    INLAY_MASKS_TO_FRAME(mask, "-608")                                                                                 \
    ".if %c[vectors]\n\t"                                                                                              \
    INLAY_EIGHT("0x62,0xf1,0xfe,0x48," vector, "-544", "64") /* vmovdqu64 */                                           \
    ".endif\n\t"                                                                                                       \
    INLAY_GO(".Linlay_vectors%=")                                                                                      \
    ".Linlay_no_avx512%=:\n\t"                                                                                         \
    ".if %c[vectors]\n\t"                                                                                              \
    INLAY_IF_STATE("%c[avx]", ".Linlay_no_avx%=")                                                                      \
    INLAY_EIGHT("0xc5,0xfe," vector, "-544", "64") /* vmovdqu */                                                       \
    INLAY_GO(".Linlay_vectors%=")                                                                                      \
    ".Linlay_no_avx%=:\n\t"                                                                                            \
    INLAY_EIGHT("0x0f," sse, "-544", "64") /* movups */                                                                \
    ".endif\n"                                                                                                         \
    ".Linlay_vectors%=:\n\t"
// clang-format on
#endif
#define INLAY_STATE_OPERANDS                                                                                           \
    [state] "i"(&processor_state), [avx512] "i"(state_avx512), [wide] "i"(state_masks_of_64_bits),                     \
        [apx] "i"(state_apx), [avx] "i"(state_avx), [vectors] "i"((kept_by_thunks & state_sse) != 0 ? 1 : 0),          \
        [unknown] "i"(state_unknown)

/// Stores those registers to the frame of the thunk that calls it, and keeps all others. Which ones is asked the first
/// time. A template, so that units that keep different registers do not share it.
template <int Kept>
struct registers_to_frame {
    // clang-format off
    INLAY_NAKED static void store() {
        asm(INLAY_IF_STATE("%c[unknown]", ".Linlay_known%=")
#if defined(__x86_64__)
            INLAY_PUSH("0x57") INLAY_PUSH("0x56") INLAY_PUSH("0x52") INLAY_PUSH("0x51") // rdi, rsi, rdx, rcx
            INLAY_PUSH("0x41,0x50") INLAY_PUSH("0x41,0x51") INLAY_PUSH("0x50")          // r8, r9, rax: aligns the stack
            ".byte 0xe8\n\t.long %c[find] - . - 4\n\t"
            INLAY_POP("0x58") INLAY_POP("0x41,0x59") INLAY_POP("0x41,0x58")
            INLAY_POP("0x59") INLAY_POP("0x5a") INLAY_POP("0x5e") INLAY_POP("0x5f")
#else
            INLAY_PUSH("0x50") INLAY_PUSH("0x52") INLAY_PUSH("0x51") // eax, edx, ecx
            ".byte 0xe8\n\t.long %c[find] - . - 4\n\t"
            INLAY_POP("0x59") INLAY_POP("0x5a") INLAY_POP("0x58")
#endif
            ".Linlay_known%=:\n\t"
#if defined(__x86_64__)
            INLAY_STATE_TO_FRAME("0x7f", "0x91", "0x89")
#else
            INLAY_STATE_TO_FRAME("0x7f", "0x91", "0x11")
#endif
            INLAY_RETURN
            :
            : INLAY_STATE_OPERANDS, [find] "i"(&find_processor_state));
    }

    INLAY_NAKED static void load() {
#if defined(__x86_64__)
        asm(INLAY_STATE_TO_FRAME("0x6f", "0x90", "0x8b") INLAY_RETURN : : INLAY_STATE_OPERANDS);
#else
        asm(INLAY_STATE_TO_FRAME("0x6f", "0x90", "0x10") INLAY_RETURN : : INLAY_STATE_OPERANDS);
#endif
    }
    // clang-format on
};

template <int Kept>
inline constexpr void (*store_registers)() = &registers_to_frame<Kept>::store;
template <int Kept>
inline constexpr void (*load_registers)() = &registers_to_frame<Kept>::load;
template <>
inline constexpr void (*store_registers<0>)() = nullptr;
template <>
inline constexpr void (*load_registers<0>)() = nullptr;

/// The thunk of `preserving<Function>{}`: keeps all general registers but rax (and rdx where the result is
/// wider than one register), aligns the stack, calls. (In 32-bit mode eax and edx; the arguments are in eax, edx and
/// ecx, see `reachable`.) What no statement of the unit can name, it keeps as well. An exception cannot cross an
/// assembly statement: one that leaves `Function` ends the program, as `reachable` is noexcept. With
/// `PassesReturnAddress`, `Function` gets where the thunk was called from.
///
/// A naked function, because data refers to thunks as well (pv.hpp), and only the compiler knows which linkage its
/// symbol needs.
template <auto Function, bool PassesReturnAddress = false, int Kept = kept_by_thunks>
struct thunk {
    using target = inlay::detail::reachable<Function>;
    using result = typename target::result;

    static_assert(is_64_bit || target::arity <= 3,
                  "inlay: in 32-bit mode, a function called from an alternative has at most three parameters");

    // clang-format off
    INLAY_NAKED static void entry() {
#if defined(__x86_64__)
        asm(".byte 0x55\n\t" // push rbp
            INLAY_CFI("cfi_def_cfa_offset 16") INLAY_CFI("cfi_offset 6, -16")
            ".byte 0x48,0x89,0xe5\n\t" // mov rbp, rsp
            INLAY_CFI("cfi_def_cfa_register 6")
            ".byte 0x48,0x83,0xe4,0xf0\n\t"                              // and rsp, -16
            ".byte 0x51,0x52,0x56,0x57\n\t"                              // push rcx, rdx, rsi, rdi
            ".byte 0x41,0x50,0x41,0x51\n\t"                              // push r8, r9
            ".byte 0x41,0x52,0x41,0x53\n\t"                              // push r10, r11
            ".byte 0x50,0x50\n\t"                                        // push rax, twice: keeps the stack aligned
            ".if %c[where]\n\t.byte 0x48,0x8b,0x7d,0x08\n\t.endif\n\t"   // mov rdi, [rbp + 8]
            ".if %c[kept]\n\t" INLAY_IF_STATE("%c[kept]", ".Linlay_plain%=")
            ".byte 0x48,0x81,0xec\n\t.long 1232\n\t"                     // sub rsp, 1232
            ".byte 0xe8\n\t.long %c[store] - . - 4\n\t"
            ".byte 0xe8\n\t.long %c[function] - . - 4\n\t"
            ".byte 0xe8\n\t.long %c[load] - . - 4\n\t"
            ".byte 0x48,0x81,0xc4\n\t.long 1232\n\t"                     // add rsp, 1232
            INLAY_GO(".Linlay_called%=")
            ".Linlay_plain%=:\n\t"
            ".endif\n\t"
            ".byte 0xe8\n\t.long %c[function] - . - 4\n"
            ".Linlay_called%=:\n\t"
            ".if %c[returns_rax]\n\t.byte 0x48,0x83,0xc4,0x10\n\t" // add rsp, 16
            ".else\n\t.byte 0x58,0x58\n\t"                         // pop rax, twice
            ".endif\n\t"
            ".byte 0x41,0x5b,0x41,0x5a\n\t"
            ".byte 0x41,0x59,0x41,0x58\n\t"
            ".byte 0x5f,0x5e\n\t"
            ".if %c[returns_rdx]\n\t.byte 0x59\n\t" // pop rcx: skip the saved rdx
            ".else\n\t.byte 0x5a\n\t"               // pop rdx
            ".endif\n\t"
            ".byte 0x59,0xc9\n\t" // pop rcx; leave
            INLAY_CFI("cfi_def_cfa 7, 8") INLAY_CFI("cfi_restore 6")
            INLAY_RETURN
            :
            : [function] "i"(&target::call), [where] "i"(int{PassesReturnAddress}), [kept] "i"(Kept),
              [state] "i"(&processor_state), [store] "i"(store_registers<Kept>),
              [load] "i"(load_registers<Kept>),
              [returns_rax] "i"(int{!inlay::detail::same<result, void>}),
              [returns_rdx] "i"(int{inlay::detail::size_of<result> > 8}));
#else
        asm(".byte 0x55\n\t" // push ebp
            INLAY_CFI("cfi_def_cfa_offset 8") INLAY_CFI("cfi_offset 5, -8")
            ".byte 0x89,0xe5\n\t" // mov ebp, esp
            INLAY_CFI("cfi_def_cfa_register 5")
            ".byte 0x83,0xe4,0xf0\n\t"      // and esp, -16
            ".byte 0x51,0x52,0x50,0x50\n\t" // push ecx, edx, eax; eax again: the stack stays aligned
            ".if %c[where]\n\t.byte 0x8b,0x45,0x04\n\t.endif\n\t" // mov eax, [ebp + 4]
            ".if %c[kept]\n\t" INLAY_IF_STATE("%c[kept]", ".Linlay_plain%=")
            ".byte 0x81,0xec\n\t.long 592\n\t" // sub esp, 592
            ".byte 0xe8\n\t.long %c[store] - . - 4\n\t"
            ".byte 0xe8\n\t.long %c[function] - . - 4\n\t"
            ".byte 0xe8\n\t.long %c[load] - . - 4\n\t"
            ".byte 0x81,0xc4\n\t.long 592\n\t" // add esp, 592
            INLAY_GO(".Linlay_called%=")
            ".Linlay_plain%=:\n\t"
            ".endif\n\t"
            ".byte 0xe8\n\t.long %c[function] - . - 4\n"
            ".Linlay_called%=:\n\t"
            ".if %c[returns_eax]\n\t.byte 0x83,0xc4,0x08\n\t" // add esp, 8
            ".else\n\t.byte 0x58,0x58\n\t"                    // pop eax, twice
            ".endif\n\t"
            ".if %c[returns_edx]\n\t.byte 0x59\n\t" // pop ecx: skip the saved edx
            ".else\n\t.byte 0x5a\n\t"               // pop edx
            ".endif\n\t"
            ".byte 0x59,0xc9\n\t" // pop ecx; leave
            INLAY_CFI("cfi_def_cfa 4, 4") INLAY_CFI("cfi_restore 5")
            INLAY_RETURN
            :
            : [function] "i"(&target::call), [where] "i"(int{PassesReturnAddress}), [kept] "i"(Kept),
              [state] "i"(&processor_state), [store] "i"(store_registers<Kept>),
              [load] "i"(load_registers<Kept>),
              [returns_eax] "i"(int{!inlay::detail::same<result, void>}),
              [returns_edx] "i"(int{inlay::detail::size_of<result> > 4}));
#endif
    }
    // clang-format on
};

#undef INLAY_IF_STATE
#undef INLAY_GO
#undef INLAY_PUSH
#undef INLAY_POP
#undef INLAY_EIGHT
#undef INLAY_MASKS_TO_FRAME
#undef INLAY_STATE_TO_FRAME
#undef INLAY_STATE_OPERANDS

/// Four of the bytes as an operand: 32 bits, because no compiler prints larger constants.
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

    INLAY_NAKED static void entry() {
        asm(".set .Linlay_w0,%c[w0]\n\t.set .Linlay_w1,%c[w1]\n\t.set .Linlay_w2,%c[w2]\n\t.set .Linlay_w3,%c[w3]\n\t"
            ".set .Linlay_w4,%c[w4]\n\t.set .Linlay_w5,%c[w5]\n\t.set .Linlay_w6,%c[w6]\n\t.set .Linlay_w7,%c[w7]\n\t"
            ".irp w,0,1,2,3,4,5,6,7\n\t.irp b,0,1,2,3\n\t"
            ".if 4*\\w+\\b < %c[length]\n\t.byte (.Linlay_w\\w >> (8*\\b)) & 255\n\t.endif\n\t"
            ".endr\n\t.endr\n\t" INLAY_RETURN
            :
            : [length] "i"(int{Code.length}), [w0] "i"(chunk(Code, 0)), [w1] "i"(chunk(Code, 1)),
              [w2] "i"(chunk(Code, 2)), [w3] "i"(chunk(Code, 3)), [w4] "i"(chunk(Code, 4)), [w5] "i"(chunk(Code, 5)),
              [w6] "i"(chunk(Code, 6)), [w7] "i"(chunk(Code, 7)));
    }
};

/// The compiler writes a thunk where it is used.
template <auto Function>
[[gnu::always_inline]] inline void write_thunk() noexcept {}

/// What the assembler prints for a symbol of a code.
template <auto Symbol, class Type = inlay::detail::plain<decltype(Symbol)>>
inline constexpr auto operand = Symbol;
template <auto Symbol, auto Function>
inline constexpr auto operand<Symbol, preserving<Function>> = &thunk<Function>::entry;
template <auto Symbol, class Operation>
    requires inlay::detail::is_operation<Operation>
inline constexpr auto operand<Symbol, Operation> = Operation::where;

/// The registers of arguments, and of a result of at most 8 bytes: those of the System V ABI (3.2.3); in 32-bit mode
/// those of regparm(3), as Linux has them.
#if defined(__x86_64__)
inline constexpr reg64 argument_registers[] = {rdi, rsi, rdx, rcx, r8, r9};
template <class Result>
inline constexpr auto result_register = rax;
#else
inline constexpr reg32 argument_registers[] = {eax, edx, ecx};
template <class Result>
inline constexpr auto result_register = []() consteval {
    if constexpr (sizeof(Result) > 4) {
        return edx_eax;
    } else {
        return eax;
    }
}();
#endif
inline constexpr size_t most_arguments = sizeof(argument_registers) / sizeof(argument_registers[0]);
inline constexpr size_t widest_result = 8; ///< in bytes

/// The offsets of all symbol operands, a byte each; 255 where there is none.
consteval int operand_offsets(const machine_code& code) {
    uint32_t packed = 0xffffffff;
    for (unsigned i = 0; i < code.relatives; ++i) {
        packed &= ~(0xffU << (8 * i));
        packed |= static_cast<uint32_t>(code.relative[i].offset) << (8 * i);
    }
    return static_cast<int>(packed);
}

/// The offsets of those that are relative, as `table::form::relative` has them. The others are absolute (their tail is
/// 0), and stay what they are when the form is copied.
consteval int relative_offsets(const machine_code& code) {
    auto packed = static_cast<uint32_t>(operand_offsets(code));
    for (unsigned i = 0; i < code.relatives; ++i) {
        packed |= code.relative[i].encoding == 0 ? 0xffU << (8 * i) : 0;
    }
    return static_cast<int>(packed);
}

consteval int relative_tails(const machine_code& code) {
    uint32_t packed = 0;
    for (unsigned i = 0; i < code.relatives; ++i) {
        packed |= static_cast<uint32_t>(code.relative[i].encoding) << (8 * i);
    }
    return static_cast<int>(packed);
}

/// The assembler macro `inlay_code.<anchor>`, which writes the bytes of `Code` wherever it is used.
template <auto Code, auto... Symbols>
[[gnu::always_inline]] inline void code_macro() noexcept {
    constexpr auto s0 = operand<inlay::detail::symbol<0, Symbols...>>;
    constexpr auto s1 = operand<inlay::detail::symbol<1, Symbols...>>;
    constexpr auto s2 = operand<inlay::detail::symbol<2, Symbols...>>;
    constexpr auto s3 = operand<inlay::detail::symbol<3, Symbols...>>;
    asm inline volatile(
        ".ifndef .Linlay_code.%c[id]\n\t"
        ".set .Linlay_code.%c[id],1\n\t"
        ".macro inlay_code.%c[id]\n\t"
        ".set .Linlay_w0,%c[w0]\n\t.set .Linlay_w1,%c[w1]\n\t.set .Linlay_w2,%c[w2]\n\t.set .Linlay_w3,%c[w3]\n\t"
        ".set .Linlay_w4,%c[w4]\n\t.set .Linlay_w5,%c[w5]\n\t.set .Linlay_w6,%c[w6]\n\t.set .Linlay_w7,%c[w7]\n\t"
        ".set .Linlay_w8,%c[w8]\n\t.set .Linlay_w9,%c[w9]\n\t.set .Linlay_w10,%c[w10]\n\t.set .Linlay_w11,%c[w11]\n\t"
        ".set .Linlay_w12,%c[w12]\n\t.set .Linlay_w13,%c[w13]\n\t.set .Linlay_w14,%c[w14]\n\t"
        ".set .Linlay_w15,%c[w15]\n\t"
        ".set .Linlay_next,0\n\t"
        ".irp w,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
        ".if 4*\\w < %c[length]\n\t"
        ".irp b,0,1,2,3\n\t"
        ".set .Linlay_at,4*\\w+\\b\n\t"
        ".if .Linlay_at < %c[length] && .Linlay_at >= .Linlay_next\n\t"
        ".set .Linlay_next,.Linlay_at+4\n\t"
        ".if .Linlay_at == (%c[at] & 255)\n\t"
        ".if (%c[tail] & 255) == 0\n\t.long %c[s0]\n\t" // absolute
        ".else\n\t.long %c[s0] - . - (%c[tail] & 255)\n\t.endif\n\t"
        ".elseif .Linlay_at == ((%c[at] >> 8) & 255)\n\t"
        ".if ((%c[tail] >> 8) & 255) == 0\n\t.long %c[s1]\n\t" // absolute
        ".else\n\t.long %c[s1] - . - ((%c[tail] >> 8) & 255)\n\t.endif\n\t"
        ".elseif .Linlay_at == ((%c[at] >> 16) & 255)\n\t"
        ".if ((%c[tail] >> 16) & 255) == 0\n\t.long %c[s2]\n\t" // absolute
        ".else\n\t.long %c[s2] - . - ((%c[tail] >> 16) & 255)\n\t.endif\n\t"
        ".elseif .Linlay_at == ((%c[at] >> 24) & 255)\n\t"
        ".if ((%c[tail] >> 24) & 255) == 0\n\t.long %c[s3]\n\t" // absolute
        ".else\n\t.long %c[s3] - . - ((%c[tail] >> 24) & 255)\n\t.endif\n\t"
        ".else\n\t"
        ".byte (.Linlay_w\\w >> (8*\\b)) & 255\n\t"
        ".set .Linlay_next,.Linlay_at+1\n\t"
        ".endif\n\t.endif\n\t.endr\n\t.endif\n\t.endr\n\t"
        ".endm\n\t"
        ".endif"
        :
        : [id] "i"(anchor_of<inlay::detail::of_code<Code>>), [length] "i"(int{Code.length}),
          [at] "i"(operand_offsets(Code)), [tail] "i"(relative_tails(Code)), [w0] "i"(chunk(Code, 0)),
          [w1] "i"(chunk(Code, 1)), [w2] "i"(chunk(Code, 2)), [w3] "i"(chunk(Code, 3)), [w4] "i"(chunk(Code, 4)),
          [w5] "i"(chunk(Code, 5)), [w6] "i"(chunk(Code, 6)), [w7] "i"(chunk(Code, 7)), [w8] "i"(chunk(Code, 8)),
          [w9] "i"(chunk(Code, 9)), [w10] "i"(chunk(Code, 10)), [w11] "i"(chunk(Code, 11)), [w12] "i"(chunk(Code, 12)),
          [w13] "i"(chunk(Code, 13)), [w14] "i"(chunk(Code, 14)), [w15] "i"(chunk(Code, 15)), [s0] "i"(s0),
          [s1] "i"(s1), [s2] "i"(s2), [s3] "i"(s3));
}

/// A `table::form` with the bytes of `Code`, whose macro is there already; with what it may become, if it is a call
/// through the pointer of `Operation`.
template <auto Code, class Operation>
[[gnu::always_inline]] inline void form() noexcept {
    if constexpr (inlay::detail::same<Operation, void>) {
        asm inline volatile(".ifndef .Linlay_form.%c[id]\n\t"
                            ".pushsection .rodata.inlay.%c[id],\"a\",@progbits\n\t"
                            ".balign 4\n"
                            ".Linlay_form.%c[id]:\n\t"
                            ".byte %c[length],%c[kind],0,0\n\t"
                            ".long %c[at]\n\t"
                            "inlay_code.%c[id]\n\t"
                            ".popsection\n\t"
                            ".endif"
                            :
                            : [id] "i"(anchor_of<inlay::detail::of_code<Code>>), [length] "i"(int{Code.length}),
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
            : [id] "i"(anchor_of<inlay::detail::of_code<Code>>), [length] "i"(int{Code.length}),
              [kind] "i"(static_cast<int>(table::form_kind::indirect_call)), [at] "i"(relative_offsets(Code)),
              [pointer] "i"(Operation::where), [nothing] "i"(Operation::nothing), [missing] "i"(Operation::missing));
    }
}

/// A `table::feature_record`. `Function` is a bool() or 0.
template <class Feature, table::probe_kind Kind, auto* Name, uint32_t W0, uint32_t W1, uint32_t W2, auto Function>
[[gnu::always_inline]] inline void feature() noexcept {
    asm inline volatile(".ifndef .Linlay_feature.%c[id]\n\t"
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
                        : [id] "i"(anchor_of<Feature>), [cell] "i"(&Feature::cell), [name] "i"(Name),
                          [kind] "i"(static_cast<int>(Kind)), [w0] "i"(static_cast<int>(W0)),
                          [w1] "i"(static_cast<int>(W1)), [w2] "i"(static_cast<int>(W2)),
                          [by_function] "i"(static_cast<int>(table::probe_kind::function)), [function] "i"(Function));
}

/// A `table::predicate_node`; `A` and `B` are features or predicates, as `Op` says.
template <class Self, table::predicate_op Op, class A, class B>
[[gnu::always_inline]] inline void predicate() noexcept {
    asm inline volatile(".ifndef .Linlay_predicate.%c[id]\n\t"
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
                        : [id] "i"(anchor_of<Self>), [op] "i"(static_cast<int>(Op)), [a] "i"(anchor_of<A>),
                          [b] "i"(anchor_of<B>), [last_leaf] "i"(static_cast<int>(table::predicate_op::not_feature)),
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
                        : [name] "i"(Node), [id] "i"(anchor_of<Predicate>));
}

/// A `table::choice`. `Form` is void in the choices of a callee; ordinal 0 has no predicate. `Name` is a null
/// `const char*` if there is none. (By type: under UBSan no comparison with null is constant.)
template <class Declaration, unsigned Ordinal, class Form, class Predicate, auto* Name, unsigned Length>
[[gnu::always_inline]] inline void choice() noexcept {
    constexpr unsigned before = Ordinal == 0 ? 0 : Ordinal - 1;
    asm inline volatile(
        ".ifndef .Linlay_choice.%c[id]\n\t"
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
        : [id] "i"(anchor_of<inlay::detail::of_choice<Declaration, Ordinal>>), [form] "i"(anchor_of<Form>),
          [predicate] "i"(anchor_of<Predicate>), [before] "i"(anchor_of<inlay::detail::of_choice<Declaration, before>>),
          [has_form] "i"(int{!inlay::detail::same<Form, void>}),
          [has_name] "i"(int{!inlay::detail::same<decltype(Name), const char*>}), [name] "i"(Name),
          [length] "i"(Length), [ordinal] "i"(Ordinal));
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
                        : [id] "i"(anchor_of<Declaration>), [original] "i"(anchor_of<inlay::detail::of_code<Original>>),
                          [padding] "i"(anchor_of<inlay::detail::of_code<Padding>>),
                          [choice] "i"(anchor_of<inlay::detail::of_choice<Declaration, Last>>));
    // clang-format on
}

inline namespace INLAY_TARGET {

/// Called on a path that is never taken, so that the function around a site is not a leaf. It calls a function that
/// nobody knows: GCC aligns the stack of a function as the callees that it knows need it.
///
/// And it may throw, unlike a site: so the function around has a table of what may throw where, and an exception that
/// leaves what the site calls ends the program. (Without a table, an unwinder would pass through.)
[[noreturn, gnu::noinline, gnu::cold, gnu::visibility("hidden")]] inline void never_a_leaf() {
    void (*unknown)(); // NOLINT(*-init-variables): that is the point
    asm("" : "=r"(unknown));
    unknown();
    __builtin_trap();
}

} // namespace INLAY_TARGET

/// Makes the function around it one that may call: such a function has no red zone.
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
using word = uintptr_t;

/// What goes into a site, by register: rax is eax in 32-bit mode, and so on. Only those in the site's mask are read.
struct inputs {
    word rax = 0;
    word rcx = 0;
    word rdx = 0;
    word rbx = 0;
    word rsi = 0;
    word rdi = 0;
#if defined(__x86_64__) // in 32-bit mode Clang would call memset for so large a struct
    word r8 = 0;
    word r9 = 0;
#endif
};

/// Puts `value` into the member of `in` for register `Number`.
template <unsigned Number>
[[gnu::always_inline]] inline void load(inputs& in, word value) noexcept {
    (Number == rax.number   ? in.rax
     : Number == rcx.number ? in.rcx
     : Number == rdx.number ? in.rdx
     : Number == rbx.number ? in.rbx
     : Number == rsi.number ? in.rsi
#if defined(__x86_64__)
     : Number == r8.number ? in.r8
     : Number == r9.number ? in.r9
#endif
                           : in.rdi) = value;
}

/// The registers of takes<...>() as a mask: bit n for register n.
template <auto... Registers>
inline constexpr unsigned input_mask = []() consteval {
    static_assert((inlay::detail::same<inlay::detail::plain<decltype(Registers)>, address_register> && ...),
                  "inlay: an alternative takes operands in whole registers: takes<rdi>(), or takes<edi>() in 32-bit "
                  "mode");
    [[maybe_unused]] constexpr unsigned possible = 1U << rax.number | 1U << rcx.number | 1U << rdx.number |
                                                   1U << rbx.number | 1U << rsi.number | 1U << rdi.number |
                                                   (is_64_bit ? 1U << r8.number | 1U << r9.number : 0U);
    static_assert(
        ((possible >> Registers.number & 1U) && ...),
        "inlay: an alternative takes operands in rax, rbx, rcx, rdx, rsi, rdi, r8 and r9: the registers in which "
        "functions take arguments and give results, and rbx");
    constexpr unsigned mask = ((1U << Registers.number) | ... | 0U);
    constexpr unsigned sum = ((1U << Registers.number) + ... + 0U);
    static_assert(mask == sum, "inlay: takes<...>() names a register twice");
    return mask;
}();

/// What comes out of a site.
struct outputs {
    word rax = 0;
    word rdx = 0;
};

/// What a site leaves unchanged.
enum class keeps : uint8_t {
    all,          ///< everything but the results, flags and memory
    callee_saved, ///< the same but rax, and vector and floating-point registers: it calls a function
    general,      ///< the same, and rdx
    preserved     ///< what the calling convention has a function preserve
};

/// What a site leaves unchanged that calls such a function.
constexpr keeps keeps_of(called what) {
    return what == called::nothing       ? keeps::all
           : what == called::callee_save ? keeps::callee_saved
           : what == called::preserving  ? keeps::general
                                         : keeps::preserved;
}

/// What a site gives back.
enum class gives : uint8_t { nothing, in_rax, in_rdx_rax };

/// Where a function gives back a result of `Size` bytes.
template <size_t Size>
inline constexpr gives result_of_size = Size > (is_64_bit ? 8 : 4) ? gives::in_rdx_rax : gives::in_rax;

/// Where a result of `Register` comes out; false and nothing for what is no result register.
template <auto Register>
inline constexpr bool can_return = false;
template <>
inline constexpr bool can_return<address_register{rax.number}> = true;
template <>
inline constexpr bool can_return<edx_eax> = true;
template <auto Register>
inline constexpr gives gives_in = gives::nothing;
template <>
inline constexpr gives gives_in<address_register{rax.number}> = gives::in_rax;
template <>
inline constexpr gives gives_in<edx_eax> = gives::in_rdx_rax;

/// The value of the result register.
template <auto Register>
[[gnu::always_inline]] inline auto result(const outputs& out) noexcept {
    if constexpr (gives_in<Register> == gives::in_rdx_rax) {
        return uint64_t{out.rdx} << 32 | static_cast<uint32_t>(out.rax);
    } else {
        return out.rax;
    }
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

// Without SSE (-mgeneral-regs-only, as kernels are built) no function changes vector registers, and GCC refuses
// to hear of them.

/// The stack pointer. A statement with it as an operand is one that needs a stack frame: the compiler does not move
/// it in front of the function's prologue, where the stack is not aligned yet.
// NOLINTBEGIN(misc-definitions-in-headers): a register, not an object
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wmissing-variable-declarations" // it can have none
#endif
#if defined(__x86_64__)
register word stack_pointer asm("rsp");
#else
register word stack_pointer asm("esp");
#endif
#if defined(__clang__)
#pragma clang diagnostic pop
#endif
// NOLINTEND(misc-definitions-in-headers)

/// The registers of clobbers<...>() as a mask: bit n for register n.
template <auto... Registers>
inline constexpr unsigned clobber_mask = []() consteval {
    static_assert(((!inlay::detail::same<inlay::detail::plain<decltype(Registers)>, control_register> &&
                    !inlay::detail::same<inlay::detail::plain<decltype(Registers)>, debug_register> &&
                    Registers.number < (is_64_bit ? 16 : 8) && Registers.number != rsp.number &&
                    Registers.number != rbp.number) &&
                   ...),
                  "inlay: clobbers<...>() names general registers, but for the stack pointer and rbp, on which a "
                  "function's frame hangs: push and pop rbp in the form");
    return ((1U << Registers.number) | ... | 0U);
}();

inline constexpr unsigned stack_number = rsp.number;

/// The registers that a function may change, and those that one which keeps most of them may.
inline constexpr unsigned caller_saved = is_64_bit ? 0x0fc7U : 0x0007U; // rax, rcx, rdx, rsi, rdi, r8 to r11
inline constexpr unsigned result_registers = 1U << rax.number | 1U << rdx.number;

/// The registers that a site with these properties may change, as a mask.
consteval unsigned changed_by_site(gives result, keeps what, unsigned clobbers) {
    unsigned mask = clobbers;
    mask |= result == gives::nothing ? 0U : result == gives::in_rax ? 1U << rax.number : result_registers;
    mask |= what == keeps::callee_saved ? 1U << rax.number : 0U;
    mask |= what == keeps::general ? result_registers : 0U;
    mask |= what == keeps::preserved ? caller_saved : 0U;
    return mask;
}

/// The site itself. `Inputs` is a mask of register numbers, `Clobbers` one of those that change besides.
///
/// An operand that is not there is the constant 0 for a constraint that admits one ("ai": rax, or an
/// immediate); one that is there has been laundered, so that only the register fits. No constraint stands for r8 and
/// r9; a variable that lives in the register does. Between its initialisation and the statement nothing may happen, or
/// a call that instrumentation adds would change it: all values are ready before.
///
/// No list of clobbers can depend on a template argument. So there is a statement for each kind of site, and one that
/// clobbers what has no statement of its own clobbers somewhat more.
///
/// The description is written here, between the operands and the site, because an assembler macro must come
/// before its use: no branch may stand between the two, or the compiler could lay out the site first.
template <class Declaration, unsigned Inputs, gives Gives, keeps Keeps, unsigned Clobbers>
[[gnu::always_inline]] inline outputs site(const inputs in) noexcept {
    constexpr const char* id = anchor_of<Declaration>;
    constexpr bool has_a = (Inputs >> rax.number & 1U) != 0;
    constexpr bool has_c = (Inputs >> rcx.number & 1U) != 0;
    constexpr bool has_d = (Inputs >> rdx.number & 1U) != 0;
    constexpr bool has_b = (Inputs >> rbx.number & 1U) != 0;
    constexpr bool has_si = (Inputs >> rsi.number & 1U) != 0;
    constexpr bool has_di = (Inputs >> rdi.number & 1U) != 0;
    constexpr bool vectors = Keeps != keeps::all;
    constexpr bool every = (Clobbers & ~caller_saved) != 0;
    word a = 0;
    word c = 0;
    word d = 0;
    word b = 0;
    word si = 0;
    word di = 0;
    word out_a = 0;
    word out_d = 0;
    if constexpr (has_a) {
        a = laundered(in.rax);
    }
    if constexpr (has_c) {
        c = laundered(in.rcx);
    }
    if constexpr (has_d) {
        d = laundered(in.rdx);
    }
    if constexpr (has_b) {
        b = laundered(in.rbx);
    }
    if constexpr (has_si) {
        si = laundered(in.rsi);
    }
    if constexpr (has_di) {
        di = laundered(in.rdi);
    }
#if defined(__x86_64__)
    constexpr bool has_8 = (Inputs >> r8.number & 1U) != 0;
    constexpr bool has_9 = (Inputs >> r9.number & 1U) != 0;
    constexpr unsigned more = Clobbers & ~result_registers; // than registers of results
    constexpr bool most = Keeps == keeps::preserved || (more & ~(1U << rcx.number)) != 0 ||
                          (Clobbers != 0 && (vectors || has_8 || has_9));
    if constexpr (every || most) {
        // Every register that the site may change is an output, so that inputs can be among them.
        out_a = has_a ? a : anything();
        out_d = has_d ? d : anything();
        c = has_c ? c : anything();
        si = has_si ? si : anything();
        di = has_di ? di : anything();
        b = has_b || !every ? b : anything();
        const word value_8 = has_8 ? laundered(in.r8) : anything();
        const word value_9 = has_9 ? laundered(in.r9) : anything();
        Declaration::describe();
        register word in_8 asm("r8") = value_8;
        register word in_9 asm("r9") = value_9;
        if constexpr (every) {
            asm inline volatile("inlay_site.%c[id] %="
                                : "+a"(out_a), "+d"(out_d), "+c"(c), "+S"(si), "+D"(di), "+b"(b), "+r"(in_8),
                                  "+r"(in_9), "+r"(stack_pointer)
                                : [id] "i"(id)
                                : "cc", "memory", "r10", "r11", "r12", "r13", "r14", "r15" INLAY_CALL_CLOBBERS);
        } else if constexpr (vectors) {
            asm inline volatile("inlay_site.%c[id] %="
                                : "+a"(out_a), "+d"(out_d), "+c"(c), "+S"(si), "+D"(di), "+r"(in_8), "+r"(in_9),
                                  "+r"(stack_pointer)
                                : [id] "i"(id), "bi"(has_b ? b : 0)
                                : "cc", "memory", "r10", "r11" INLAY_CALL_CLOBBERS);
        } else {
            asm inline volatile("inlay_site.%c[id] %="
                                : "+a"(out_a), "+d"(out_d), "+c"(c), "+S"(si), "+D"(di), "+r"(in_8), "+r"(in_9)
                                : [id] "i"(id), "bi"(has_b ? b : 0)
                                : "cc", "memory", "r10", "r11");
        }
    } else if constexpr (has_8 || has_9) {
        out_a = has_a ? a : anything();
        out_d = has_d ? d : anything();
        const word value_8 = has_8 ? laundered(in.r8) : anything();
        const word value_9 = has_9 ? laundered(in.r9) : anything();
        Declaration::describe();
        register word in_8 asm("r8") = value_8;
        register word in_9 asm("r9") = value_9;
        if constexpr (vectors) {
            asm inline volatile("inlay_site.%c[id] %="
                                : "+a"(out_a), "+d"(out_d), "+r"(stack_pointer)
                                : [id] "i"(id), "ci"(has_c ? c : 0), "bi"(has_b ? b : 0), "Si"(has_si ? si : 0),
                                  "Di"(has_di ? di : 0), "r"(in_8), "r"(in_9)
                                : "cc", "memory" INLAY_CALL_CLOBBERS);
        } else {
            asm inline volatile("inlay_site.%c[id] %="
                                : "+a"(out_a), "+d"(out_d)
                                : [id] "i"(id), "ci"(has_c ? c : 0), "bi"(has_b ? b : 0), "Si"(has_si ? si : 0),
                                  "Di"(has_di ? di : 0), "r"(in_8), "r"(in_9)
                                : "cc", "memory");
        }
#else
    if constexpr (every || Keeps == keeps::preserved || (Clobbers != 0 && vectors)) {
        out_a = has_a ? a : anything();
        out_d = has_d ? d : anything();
        c = has_c ? c : anything();
        if constexpr (every) {
            b = has_b ? b : anything();
            si = has_si ? si : anything();
            di = has_di ? di : anything();
            Declaration::describe();
            asm inline volatile("inlay_site.%c[id] %="
                                : "+a"(out_a), "+d"(out_d), "+c"(c), "+b"(b), "+S"(si), "+D"(di), "+r"(stack_pointer)
                                : [id] "i"(id)
                                : "cc", "memory" INLAY_CALL_CLOBBERS);
        } else {
            Declaration::describe();
            asm inline volatile("inlay_site.%c[id] %="
                                : "+a"(out_a), "+d"(out_d), "+c"(c), "+r"(stack_pointer)
                                : [id] "i"(id), "bi"(has_b ? b : 0), "Si"(has_si ? si : 0), "Di"(has_di ? di : 0)
                                : "cc", "memory" INLAY_CALL_CLOBBERS);
        }
#endif
    } else if constexpr (Clobbers != 0) { // rcx, or registers of results
        out_a = has_a ? a : anything();
        out_d = has_d ? d : anything();
        c = has_c ? c : anything();
        Declaration::describe();
        asm inline volatile("inlay_site.%c[id] %="
                            : "+a"(out_a), "+d"(out_d), "+c"(c)
                            : [id] "i"(id), "bi"(has_b ? b : 0), "Si"(has_si ? si : 0), "Di"(has_di ? di : 0)
                            : "cc", "memory");
    } else if constexpr (Keeps == keeps::all && Gives == gives::nothing) {
        Declaration::describe();
        asm inline volatile("inlay_site.%c[id] %="
                            :
                            : [id] "i"(id), "ai"(has_a ? a : 0), "ci"(has_c ? c : 0), "di"(has_d ? d : 0),
                              "bi"(has_b ? b : 0), "Si"(has_si ? si : 0), "Di"(has_di ? di : 0)
                            : "cc", "memory");
    } else if constexpr (Keeps == keeps::all && Gives == gives::in_rax) {
        Declaration::describe();
        asm inline volatile("inlay_site.%c[id] %="
                            : "=a"(out_a)
                            : [id] "i"(id), "ai"(has_a ? a : 0), "ci"(has_c ? c : 0), "di"(has_d ? d : 0),
                              "bi"(has_b ? b : 0), "Si"(has_si ? si : 0), "Di"(has_di ? di : 0)
                            : "cc", "memory");
    } else if constexpr (Keeps == keeps::all) {
        Declaration::describe();
        asm inline volatile("inlay_site.%c[id] %="
                            : "=a"(out_a), "=d"(out_d)
                            : [id] "i"(id), "ai"(has_a ? a : 0), "ci"(has_c ? c : 0), "di"(has_d ? d : 0),
                              "bi"(has_b ? b : 0), "Si"(has_si ? si : 0), "Di"(has_di ? di : 0)
                            : "cc", "memory");
    } else if constexpr (Keeps == keeps::callee_saved && Gives != gives::in_rdx_rax) {
        // The result register, whether the site gives it back or not: the function it calls may return something.
        Declaration::describe();
        asm inline volatile("inlay_site.%c[id] %="
                            : "=a"(out_a), "+r"(stack_pointer)
                            : [id] "i"(id), "ai"(has_a ? a : 0), "ci"(has_c ? c : 0), "di"(has_d ? d : 0),
                              "bi"(has_b ? b : 0), "Si"(has_si ? si : 0), "Di"(has_di ? di : 0)
                            : "cc", "memory" INLAY_CALL_CLOBBERS);
    } else {
        Declaration::describe();
        asm inline volatile("inlay_site.%c[id] %="
                            : "=a"(out_a), "=d"(out_d), "+r"(stack_pointer)
                            : [id] "i"(id), "ai"(has_a ? a : 0), "ci"(has_c ? c : 0), "di"(has_d ? d : 0),
                              "bi"(has_b ? b : 0), "Si"(has_si ? si : 0), "Di"(has_di ? di : 0)
                            : "cc", "memory" INLAY_CALL_CLOBBERS);
    }
    return {out_a, out_d};
}

/// The trampoline `Callee::trampoline`: jumps through the pointer. Defined here because a body in C++ would
/// let compilers draw conclusions from it (noexcept, unused arguments). One a unit, local to it.
template <class Callee>
[[gnu::always_inline]] inline void trampoline() noexcept {
    // clang-format off
    asm inline volatile(".ifndef .Linlay_trampoline.%c[id]\n\t"
                        ".ifdef %c[name]\n\t"
                        ".error \"inlay: two calls of this unit have one name but differ; give each a name of its own\"\n\t"
                        ".endif\n\t"
                        ".pushsection .text.inlay.%c[name],\"ax\",@progbits\n\t"
                        ".balign 8\n"
                        ".Linlay_trampoline.%c[id]:\n\t"
                        ".type %c[name],@function\n"
                        "%c[name]:\n\t"
                        INLAY_FRAME_BEGIN
                        ".if %c[endbr]\n\t.byte 0xf3,0x0f,0x1e,0xfb - %c[is_64_bit]\n\t.endif\n\t"
                        INLAY_JUMP_THROUGH("%c[pointer]")
                        ".Linlay_end.%c[name]:\n\t"
                        ".size %c[name], . - %c[name]\n\t"
                        INLAY_FRAME_END("%c[name]")
                        ".popsection\n\t"
                        ".endif"
                        :
                        : [id] "i"(id_of<Callee>), [name] INLAY_FUNCTION(Callee::trampoline),
                          [pointer] "i"(&Callee::state.target), [is_64_bit] "i"(int{is_64_bit}),
#ifdef __CET__
                          [endbr] "i"(1)
#else
                          [endbr] "i"(0)
#endif
    );
    // clang-format on
}

/// A `table::callee`.
template <class Callee, auto* Name, unsigned Last>
[[gnu::always_inline]] inline void callee() noexcept {
    asm inline volatile(".ifndef .Linlay_callee.%c[id]\n\t"
                        ".pushsection .rodata.inlay.%c[id],\"a\",@progbits\n\t"
                        ".balign 4\n"
                        ".Linlay_callee.%c[id]:\n\t"
                        ".long %c[name] - ., %c[trampoline] - ., %c[target] - ., %c[targets] - .\n\t"
                        ".long .Linlay_choice.%c[choice] - .\n\t"
                        ".popsection\n\t"
                        ".endif"
                        :
                        : [id] "i"(id_of<Callee>), [name] "i"(Name), [trampoline] INLAY_FUNCTION(Callee::trampoline),
                          [target] "i"(&Callee::state.target), [targets] "i"(&Callee::state.targets),
                          [choice] "i"(anchor_of<inlay::detail::of_choice<Callee, Last>>));
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
                        : [id] "i"(id_of<Callee>));
    // clang-format on
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
                        : [signature] "i"(Signature));
    if constexpr (inlay::detail::has_trampoline<Declaration>) {
        asm inline volatile(INLAY_NAMED("%c[trampoline] - .")
                            :
                            : [id] "i"(id_of<Declaration>), [name] "i"(Name), [signature] "i"(Signature),
                              [cell] "i"(&Declaration::state), [trampoline] INLAY_FUNCTION(Declaration::trampoline));
    } else {
        asm inline volatile(INLAY_NAMED("0")
                            :
                            : [id] "i"(id_of<Declaration>), [name] "i"(Name), [signature] "i"(Signature),
                              [cell] "i"(&Declaration::state));
    }
}

/// The `table::named` that named() has written.
template <class Declaration>
[[nodiscard, gnu::always_inline]] inline const table::named* address_of_named() noexcept {
    const table::named* result = nullptr; // NOLINT(misc-const-correctness): an output
    // As bytes: the syntax of an operand is the compiler's choice (-masm=intel).
    if constexpr (is_64_bit) {
        asm inline volatile(".byte 0x48,0x8d,0x05\n\t.long .Linlay_named.%c[id] - . - 4" // lea rax, [rip + ...]
                            : "=a"(result)
                            : [id] "i"(id_of<Declaration>));
    } else {
        asm inline volatile(".byte 0xb8\n\t.long .Linlay_named.%c[id]" // mov eax, ...
                            : "=a"(result)
                            : [id] "i"(id_of<Declaration>));
    }
    return result;
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
                        : [id] "i"(id_of<Declaration>));
    // clang-format on
}

/// The `table::image` of this image, under the name of `Image`, which is declared only. The linker keeps one. What
/// begins and ends each table are symbols of the linker's, if there is such a table: to ask for it without needing it
/// takes .weakref, which leaves a site's own need of it (INLAY_SECTION_IS_THERE) what it is. An empty part of each
/// section lives with the struct: lld drops a section with its last record, and then misses the symbols that sites named
/// which are gone as well. (Sections of records are ordered by their text; parts of both kinds would not link by ld -r.)
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
                        :
                        : [image] "i"(Image), [gap] "i"(gap), [nothing] "i"(Nothing), [zero] "i"(Zero),
                          [word] "i"(sizeof(word)), [version] "i"(table::version));
    // clang-format on
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
                        : [version] "i"(table::version), [image] "i"(Image), [join] "i"(Join), [leave] "i"(Leave),
                          [header] "i"(Header), [word] "i"(sizeof(word)));
}

/// The value of a key. One instruction at the site, which starts out as a jump to the code that reads the value from
/// memory; patched, it is a nop (where `Expected` follows) or a jump to `other`. Always of 5 bytes, and written as
/// bytes: an assembler that is told to align branches (-mbranches-within-32B-boundaries) would put padding between
/// label and jump. The assembly reads the site's own label only, so compilers may copy it.
template <class Declaration, bool Expected>
[[nodiscard, gnu::always_inline]] inline bool key_site() noexcept {
    // clang-format off
    asm inline goto(".Linlay_key%=: .byte 0xe9\n\t.long %l[slow] - . - 4\n\t"
                    INLAY_RELOC(".Linlay_key%=", "%c[id] + %c[shape]")
                    INLAY_SECTION_IS_THERE(".Linlay_key%=", "inlay_keys")
                    INLAY_SECTION_IS_THERE(".Linlay_key%=", "inlay_names")
                    ".pushsection inlay_keys,\"awo?\",@progbits,.Linlay_key%=\n\t"
                    ".balign 4\n\t"
                    ".long .Linlay_key%= - ., %l[other] - ., .Linlay_named.%c[id] + %c[shape] - .\n\t"
                    ".popsection"
                    :
                    : [id] "i"(anchor_of<Declaration>), [shape] "i"(Expected ? table::falls_through_if_true : 0)
                    :
                    : slow, other);
    // clang-format on
    return Expected;
slow:
    return __atomic_load_n(&Declaration::state.value, __ATOMIC_RELAXED) != 0;
other:
    return !Expected;
}

/// Bytes of a predicate_site().
inline constexpr unsigned length_of_predicate_site = 5;

/// Whether a predicate holds: an alternative of a jump to `other` and a nop, `Nop`, which is there already. `Expected` is
/// what follows the nop. The original is what leads to false. The tables of a site are its own, since its jump is.
template <class Predicate, class Nop, bool Expected>
[[nodiscard, gnu::always_inline]] inline bool predicate_site() noexcept {
    // clang-format off
    asm inline goto(".Linlay_has%=:\n\t"
                    ".if %c[expected]\n\t.byte 0xe9\n\t.long %l[other] - . - 4\n\t"
                    ".else\n\tinlay_code.%c[nop]\n\t.endif\n\t"
                    INLAY_RELOC(".Linlay_has%=", "%c[id]")
                    INLAY_SECTION_IS_THERE(".Linlay_has%=", "inlay_alternatives")
                    ".pushsection .rodata.inlay_has,\"ao?\",@progbits,.Linlay_has%=\n\t"
                    ".balign 4\n"
                    ".Linlay_has_form%=:\n\t"
                    ".byte 5,%c[kind],0,0, 1,0xff,0xff,0xff\n\t"
                    ".byte 0xe9\n\t.long %l[other] - . - 4\n\t"
                    ".balign 4\n"
                    ".Linlay_has_original%=:\n\t"
                    ".if %c[expected]\n\t.long .Linlay_has_form%= - .\n\t"
                    ".else\n\t.long .Linlay_form.%c[nop] - .\n\t.endif\n\t"
                    ".long 0, 0, 0\n\t.byte 5,0,0,0\n"
                    ".Linlay_has_choice%=:\n\t"
                    ".if %c[expected]\n\t.long .Linlay_form.%c[nop] - .\n\t"
                    ".else\n\t.long .Linlay_has_form%= - .\n\t.endif\n\t"
                    ".long .Linlay_predicate.%c[id] - ., .Linlay_has_original%= - ., 0\n\t.byte 5,1,0,0\n\t"
                    ".popsection\n\t"
                    ".pushsection inlay_alternatives,\"ao?\",@progbits,.Linlay_has%=\n\t"
                    ".balign 4\n\t"
                    ".long .Linlay_has%= - ., .Linlay_has_choice%= - .\n\t"
                    ".popsection"
                    :
                    : [id] "i"(anchor_of<Predicate>), [nop] "i"(anchor_of<Nop>), [expected] "i"(int{Expected}),
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
/// the one that follows (16: none does). A jump of 5 bytes; else as key_site(). If the value is none of these ways,
/// it has just been set, and is what is returned.
template <class Declaration, unsigned Count, unsigned First, unsigned Shift, unsigned Initial>
[[nodiscard, gnu::always_inline]] inline unsigned switch_site() noexcept {
    // clang-format off
    asm inline goto(".Linlay_key%=: .byte 0xe9\n\t.long %l[slow] - . - 4\n\t"
                    INLAY_RELOC(".Linlay_key%=", "%c[id] + %c[shape] + 4*%c[initial] + 128*%c[first]")
                    INLAY_SECTION_IS_THERE(".Linlay_key%=", "inlay_keys")
                    INLAY_SECTION_IS_THERE(".Linlay_key%=", "inlay_names")
                    ".pushsection .rodata.inlay_ways,\"ao?\",@progbits,.Linlay_key%=\n\t"
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
                    : [id] "i"(anchor_of<Declaration>), [shape] "i"(table::many_ways), [count] "i"(Count),
                      [first] "i"(First), [shift] "i"(Shift), [initial] "i"(Initial)
                    :
                    : slow, w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15);
    // clang-format on
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

struct cpuid_result {
    uint32_t eax, ebx, ecx, edx;
};

inline namespace INLAY_TARGET {

/// CPUID. A leaf beyond the highest one returns the data of another leaf on Intel, 0 on AMD. Serialising. (In 32-bit
/// mode too it is taken to be there: only before the Pentium it is not.)
[[gnu::noinline]] inline cpuid_result cpuid(uint32_t leaf, uint32_t subleaf) noexcept {
    cpuid_result result{leaf, 0, subleaf, 0};
    asm inline volatile("cpuid" : "+a"(result.eax), "=b"(result.ebx), "+c"(result.ecx), "=d"(result.edx) : : "memory");
    return result;
}

/// XGETBV of XCR0. Raises #UD unless CPUID leaf 1 says OSXSAVE (ecx bit 27).
[[gnu::always_inline]] inline uint64_t xgetbv() noexcept {
    uint32_t low = 0;
    uint32_t high = 0;
    asm inline volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return uint64_t{high} << 32 | low;
}

[[gnu::visibility("hidden")]] inline void find_processor_state() noexcept {
    constexpr uint32_t sse = 1U << 25;      // leaf 1, edx
    constexpr uint32_t osxsave = 1U << 27;  // leaf 1, ecx
    constexpr uint32_t avx512f = 1U << 16;  // leaf 7, ebx
    constexpr uint32_t avx512bw = 1U << 30; // leaf 7, ebx
    constexpr uint32_t apx_f = 1U << 21;    // leaf 7, subleaf 1, edx
    constexpr uint64_t ymm = 0x6;           // of XCR0 (SDM volume 1, 13.3)
    constexpr uint64_t zmm = 0xe6;
    constexpr uint64_t apx = uint64_t{1} << 19;
    int state = 0;
    const cpuid_result first = cpuid(1, 0);
    state |= (first.edx & sse) != 0 ? state_sse : 0;
    if ((first.ecx & osxsave) != 0) {
        const uint64_t enabled = xgetbv();
        state |= (enabled & ymm) == ymm ? state_avx : 0;
        if (cpuid(0, 0).eax >= 7) {
            const cpuid_result seventh = cpuid(7, 0);
            if ((enabled & zmm) == zmm && (seventh.ebx & avx512f) != 0) {
                state |= state_avx512 | ((seventh.ebx & avx512bw) != 0 ? state_masks_of_64_bits : 0);
            }
            state |= (enabled & apx) != 0 && seventh.eax >= 1 && (cpuid(7, 1).edx & apx_f) != 0 ? state_apx : 0;
        }
    }
    __atomic_store_n(&processor_state, static_cast<uint8_t>(state), __ATOMIC_RELAXED);
}

/// Has the next reads of `size` bytes at `at`, which were written by another address, find what is in memory.
[[gnu::always_inline]] inline void forget_data(uintptr_t /*at*/, size_t /*size*/) noexcept {
    asm volatile("" : : : "memory"); // caches go by physical addresses: the compiler alone must not remember
}

/// Instruction caches see what is written.
[[gnu::always_inline]] inline void clean_text(uintptr_t /*written*/, uintptr_t /*executed*/, size_t /*size*/) noexcept {
}

/// Makes this processor forget what it has fetched: CPUID is serialising (Intel SDM volume 3, 9.3).
/// (Visible: it is an argument of platform::bare, which would be hidden with it, and a kernel's type is not that derives
/// from it.)
[[gnu::visibility("default")]] inline void synchronise() noexcept { (void)cpuid(0, 0); }

} // namespace INLAY_TARGET

} // namespace x86::emit
} // namespace inlay

#undef INLAY_NAKED
#undef INLAY_CFI
#undef INLAY_FRAME_BEGIN
#undef INLAY_FRAME_END
#undef INLAY_TEXT_OF
#undef INLAY_TEXT_OF_
#undef INLAY_RETURN
#undef INLAY_RELOC
#undef INLAY_WORD
#undef INLAY_JUMP_THROUGH
#undef INLAY_SECTION_IS_THERE
#undef INLAY_FUNCTION
#undef INLAY_NAMED
#undef INLAY_VECTORS_OF_SSE_32
#undef INLAY_VECTORS_OF_SSE_64
#undef INLAY_FLOATS
#undef INLAY_MASKS
#undef INLAY_VECTORS_OF_AVX512
#undef INLAY_GENERAL_OF_APX
#undef INLAY_MMX
#undef INLAY_APX
#undef INLAY_CALL_CLOBBERS
