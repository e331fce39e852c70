// SPDX-License-Identifier: BSL-1.0
//
// thunk: AArch64 functions in assembly: thunks, trampolines, instructions as a function.
//
//     emit::write_thunk<&function>();                       // keeps the registers that `function` changes
//     &emit::function_of<code>::entry                       // the code; ret
//     emit::trampoline<Callee>();                           // a jump through the pointer
//
// How it works. hook.hpp uses the macros of this header as well; emit.hpp undefines them. A call changes x30, which a
// compiler learns from the clobbers of the site. A linker may route it through a veneer, which changes x16 and x17.
#pragma once

#include "inlay/anchor.hpp"
#include "inlay/arch/aarch64/assembler.hpp"
#include "inlay/arch/compiler.hpp"
#include "inlay/code.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

// Unwind information, where the compiler writes some. INLAY_FRAME_BEGIN and INLAY_FRAME_END(name, ...) enclose code in
// a separate section. In such code, INLAY_CFI stands after an instruction that moves the stack. Clang before 17 refuses
// .cfi_startproc inside another frame: there the entry is written out, of `length` bytes, with the same as bytes
// (`instructions`).
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

// The type of a function in assembly, where -fsanitize=kcfi looks for it: in the word before the function. (See
// arch/x86/naked.hpp.)
#define INLAY_TYPE(name)
#if defined(__clang__)
#if __has_feature(kcfi)
#undef INLAY_TYPE
#define INLAY_TYPE(name) ".zero 12\n\t.long __kcfi_typeid_" name "\n"
#endif
#endif

// A function of one assembly statement; the compiler may add instructions, because GCC has no naked functions on
// AArch64. Its additions to a function without locals and arguments (landing pad, signature, frame) change only x29,
// x30 and the stack pointer, and restore them. It must not add more.
#if __has_attribute(zero_call_used_regs)
#define INLAY_KEEP_REGISTERS __attribute__((zero_call_used_regs("skip")))
#else
#define INLAY_KEEP_REGISTERS
#endif
#if defined(__clang__)
#define INLAY_BARE                                                                                                     \
    INLAY_KEEP_REGISTERS                                                                                               \
    __attribute__((noinline, no_stack_protector, no_sanitize("coverage", "undefined"),                                 \
                   disable_sanitizer_instrumentation, xray_never_instrument,                                           \
                   visibility("hidden"))) INLAY_NOT_INSTRUMENTED
#else
#define INLAY_BARE                                                                                                     \
    INLAY_KEEP_REGISTERS                                                                                               \
    __attribute__((noinline, noclone, no_stack_protector, no_sanitize_coverage, no_sanitize("thread"),                 \
                   no_sanitize("undefined"), visibility("hidden"))) INLAY_NOT_INSTRUMENTED
#endif
#define INLAY_NOT_INSTRUMENTED __attribute__((no_instrument_function, no_profile_instrument_function))

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64::emit {

using inlay::detail::anchor_of;
using inlay::detail::id_of;
using inlay::emit::chunk;

/// Whether each target of an indirect branch begins with bti.
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
/// an assembly statement. If it leaves `Function`, it ends the program, as `reachable` is noexcept. With
/// `PassesReturnAddress`, `Function` gets the value in x19. (No local variable: Clang would store it, see `thunk`.)
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

/// The same for data (pv.hpp): a compiled function that calls the thunk, because only the compiler knows the linkage of
/// its symbol. With `PassesReturnAddress`, `Function` gets the return address: x30, without the signature that the
/// compiler may have added (hint 7 is xpaclri).
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

/// The target of an operation's call until apply() patches it: a jump through the pointer. Each unit has its own, a
/// local symbol.
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

/// A function that consists of `Code` and a return. `Code` has no symbols.
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

/// The trampoline `Callee::trampoline`: jumps through the pointer. It is defined in assembly, because compilers would
/// draw conclusions from a C++ body (noexcept, unused arguments). Each unit has its own, a local symbol.
template <class Callee>
[[gnu::always_inline]] inline void trampoline() noexcept {
    asm inline volatile(
        ".ifndef .Linlay_trampoline.%c[id]\n\t"
        ".ifdef %c[name]\n\t"
        ".error \"inlay: two calls of this unit have one name but differ; give each a name of its own\"\n\t"
        ".endif\n\t"
        ".pushsection .text.inlay.%c[name],\"ax\",@progbits\n\t"
        ".balign 16\n\t" INLAY_TYPE(
            "%c[name]") ".Linlay_trampoline.%c[id]:\n\t"
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

} // namespace aarch64::emit
} // namespace inlay
