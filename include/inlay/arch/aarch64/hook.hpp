// SPDX-License-Identifier: BSL-1.0
//
// hook: a call on AArch64 that changes no register but x16, x17 and x30, and the thunk that it goes to.
//
//     emit::hook_call<Hook, 1>(word);                       // a word in x0
//     &emit::hook_thunk<Hook>::entry                        // saves all registers, calls Hook::invoke
//
// How it works. A compiler that sees the call keeps values in any other register across it. So the thunk saves x0 to
// x18, the vector registers, and the state of floating point. Functions preserve the other registers. If the processor
// has SVE, it saves whole registers of SVE, predicates and FFR, for any options of the unit. Units without vector
// registers, as kernels are built, have general ones only. Freestanding units without SVE have no SVE registers.
//
// No hook is called in streaming mode (SME): a compiler refuses to inline the call into a streaming function.
#pragma once

#include "inlay/anchor.hpp"
#include "inlay/arch/aarch64/assembler.hpp"
#include "inlay/arch/aarch64/machine.hpp"
#include "inlay/arch/aarch64/operands.hpp"
#include "inlay/arch/aarch64/thunk.hpp"
#include "inlay/arch/compiler.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace aarch64::emit {

using inlay::emit::laundered;

/// Whether code of this unit may have values in vector registers; and whether it may have them in those of SVE.
#if defined(__ARM_NEON)
inline constexpr bool has_vectors = true;
#else
inline constexpr bool has_vectors = false;
#endif
#if defined(__ARM_NEON) && (__STDC_HOSTED__ || defined(__ARM_FEATURE_SVE))
inline constexpr bool may_have_sve = true;
#else
inline constexpr bool may_have_sve = false;
#endif
inline constexpr bool hooks_keep_all = true;

// Units without vector registers have thunks of their own.
inline namespace INLAY_TARGET {

/// Which registers thunks save. Each image has one for each kind of units.
enum class vector_kind : uint8_t { unknown, simd, sve };
template <class = void> // (else Clang 21 warns: -Wunique-object-duplication)
[[gnu::visibility("hidden")]] inline constinit vector_kind saved_vectors{};

/// Finds out which registers thunks save. Thunks call it before they have saved vector registers, so it changes none.
#if defined(__clang__)
__attribute__((no_sanitize("coverage", "undefined"), disable_sanitizer_instrumentation, xray_never_instrument))
#else
__attribute__((no_sanitize_coverage, no_sanitize("thread"), no_sanitize("address"), no_sanitize("undefined")))
#endif
INLAY_KEEP_REGISTERS INLAY_NOT_INSTRUMENTED
    __attribute__((noinline, no_stack_protector, visibility("hidden"))) inline void
    find_vector_kind() noexcept {
    constexpr unsigned sve = 32; // ID_AA64PFR0_EL1, bits 35:32
    uint64_t value = 0;
    if constexpr (may_have_sve) {
        asm volatile("mrs %0, S3_0_C0_C4_0" : "=r"(value)); // Linux carries it out for a program
    }
    const auto kind = static_cast<uint8_t>((value >> sve & 0xf) != 0 ? vector_kind::sve : vector_kind::simd);
    asm volatile("strb %w1, %0" : "=m"(saved_vectors<>) : "r"(kind));
}

template <class Hook>
struct of_hook {};

// clang-format off
// Eight pairs of x, or sixteen of q registers, to or from memory at `base`.
#define INLAY_GENERAL(op)                                                                                              \
    op " x0, x1, [x29, #16]\n\t" op " x2, x3, [x29, #32]\n\t" op " x4, x5, [x29, #48]\n\t"                             \
    op " x6, x7, [x29, #64]\n\t" op " x8, x9, [x29, #80]\n\t" op " x10, x11, [x29, #96]\n\t"                           \
    op " x12, x13, [x29, #112]\n\t" op " x14, x15, [x29, #128]\n\t" op " x16, x17, [x29, #144]\n\t"
// stp or ldp (`word`) of q0 to q31 at the stack pointer: the immediate at bit 15 counts 16 bytes, Rt2 is at bit 10.
#define INLAY_Q(word)                                                                                                  \
    ".irp n,0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30\n\t"                                                            \
    ".inst " word " | (\\n << 15) | ((\\n + 1) << 10) | (31 << 5) | \\n\n\t.endr\n\t"
// str or ldr (SVE) for p0 to p15, and for z0 to z31, at [sp, #first + n, mul vl]. Bits 21:16 and 12:10 are the
// immediate.
#define INLAY_P(word)                                                                                                  \
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"                                                                 \
    ".inst " word " | ((\\n / 8) << 16) | ((\\n & 7) << 10) | (31 << 5) | \\n\n\t.endr\n\t"
#define INLAY_Z(word)                                                                                                  \
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\t"                 \
    ".inst " word " | (((\\n + 3) / 8) << 16) | (((\\n + 3) & 7) << 10) | (31 << 5) | \\n\n\t.endr\n\t"

/// The assembly of the trampoline. It is a separate function, because compilers write the frame of `entry`. Each unit
/// has its own, a local symbol.
template <class Hook>
[[gnu::always_inline]] INLAY_NOT_INSTRUMENTED inline void write_hook_thunk_text() noexcept {
    asm inline volatile(
        ".ifndef inlay_thunk.%c[id]\n\t"
        ".pushsection .text.inlay.%c[id],\"ax\",@progbits\n\t"
        ".balign 16\n\t"
        ".type inlay_thunk.%c[id],@function\n"
        "inlay_thunk.%c[id]:\n\t"
        INLAY_FRAME_BEGIN
        ".if %c[landing]\n\thint 34\n\t.endif\n\t" // bti c
        "adrp x16, %c[mode]\n\t"
        "add x16, x16, :lo12:%c[mode]\n\t"
        "ldrb w16, [x16]\n\t"
        "cmp w16, #%c[nothing]\n\t"
        "b.ne .Linlay_set.%c[id]\n\t"
        "ret\n"
        ".Linlay_set.%c[id]:\n\t"
        "stp x29, x30, [sp, #-176]!\n\t"
        "mov x29, sp\n"
        ".Linlay_pushed.%c[id]:\n\t"
        INLAY_CFI("cfi_def_cfa 29, 176") INLAY_CFI("cfi_offset 29, -176") INLAY_CFI("cfi_offset 30, -168")
        INLAY_GENERAL("stp")
        "str x18, [x29, #160]\n\t"
        ".if %c[vectors]\n\t"
        "mrs x9, S3_3_C4_C4_1\n\t" // fpsr
        "mrs x10, S3_3_C4_C4_0\n\t" // fpcr
        "stp w9, w10, [x29, #168]\n\t"
        "adrp x16, %c[kind]\n\t"
        "add x16, x16, :lo12:%c[kind]\n\t"
        "ldrb w9, [x16]\n\t"
        "cbnz w9, .Linlay_known.%c[id]\n\t"
        "bl %c[find]\n\t"
        "ldp x0, x1, [x29, #16]\n\t"
        "ldp x2, x3, [x29, #32]\n\t"
        "ldp x4, x5, [x29, #48]\n\t"
        "adrp x16, %c[kind]\n\t"
        "add x16, x16, :lo12:%c[kind]\n\t"
        "ldrb w9, [x16]\n"
        ".Linlay_known.%c[id]:\n\t"
        "cmp w9, #%c[simd]\n\t"
        "b.ne .Linlay_sve.%c[id]\n\t"
        "sub sp, sp, #512\n\t"
        INLAY_Q("0xad000000")
        "bl %c[invoke]\n\t"
        INLAY_Q("0xad400000")
        "b .Linlay_back.%c[id]\n"
        ".Linlay_sve.%c[id]:\n\t"
        ".inst 0x043f57bf\n\t"                  // addvl sp, sp, #-3: sixteen predicates and FFR have 2 1/8
        ".inst 0x043f541f\n\t"                  // addvl sp, sp, #-32
        INLAY_P("0xe5800000")
        INLAY_Z("0xe5804000")
        ".inst 0x2519f000, 0xe58203e0\n\t"      // rdffr p0.b; str p0, [sp, #16, mul vl]
        "bl %c[invoke]\n\t"
        ".inst 0x858203e0, 0x25289000\n\t"      // ldr p0, [sp, #16, mul vl]; wrffr p0.b
        INLAY_Z("0x85804000")
        INLAY_P("0x85800000")
        ".Linlay_back.%c[id]:\n\t"
        "ldp w9, w10, [x29, #168]\n\t"
        "msr S3_3_C4_C4_1, x9\n\t"
        "msr S3_3_C4_C4_0, x10\n\t"
        ".else\n\t"
        "bl %c[invoke]\n\t"
        ".endif\n\t"
        "mov sp, x29\n\t"
        INLAY_GENERAL("ldp")
        "ldr x18, [x29, #160]\n\t"
        "ldp x29, x30, [sp], #176\n"
        ".Linlay_popped.%c[id]:\n\t"
        INLAY_CFI("cfi_def_cfa 31, 0") INLAY_CFI("cfi_restore 29") INLAY_CFI("cfi_restore 30")
        "ret\n"
        ".Linlay_end.inlay_thunk.%c[id]:\n\t"
        ".size inlay_thunk.%c[id], . - inlay_thunk.%c[id]\n\t"
        // advance, def_cfa x29 + 176, offset 29 (-8 * 22), offset 30 (-8 * 21); advance, def_cfa sp + 0, restore
        INLAY_FRAME_END("inlay_thunk.%c[id]", "32",
                        "2,.Linlay_pushed.%c[id] - inlay_thunk.%c[id],0x0c,29,0xb0,1,0x9d,22,0x9e,21,"
                        "3\n\t.2byte .Linlay_popped.%c[id] - .Linlay_pushed.%c[id]\n\t.byte 0x0c,31,0,0xdd,0xde,0")
        ".popsection\n\t"
        ".endif"
        :
        : [id] INLAY_SYMBOL(anchor_of<of_hook<Hook>>), [mode] INLAY_SYMBOL(&Hook::state.state.mode),
          [nothing] "i"(static_cast<int>(table::call_mode::nothing)), [vectors] "i"(int{has_vectors}),
          [kind] INLAY_SYMBOL(&saved_vectors<>), [simd] "i"(static_cast<int>(vector_kind::simd)),
          [find] INLAY_SYMBOL(&find_vector_kind), [invoke] INLAY_SYMBOL(&Hook::invoke), [landing] "i"(landing_pads));
}
// clang-format on

#undef INLAY_GENERAL
#undef INLAY_Q
#undef INLAY_P
#undef INLAY_Z

/// The trampoline of a hook. If the hook has no target, it returns at once: sites come here before apply(), and where
/// text cannot be changed. Else it calls Hook::invoke() with the words in the registers of arguments, and gives every
/// register back as it was, but x16, x17 and x30.
///
/// An exception does not come here, since `invoke` is noexcept. A backtrace passes by the unwind information.
template <class Hook>
struct hook_thunk {
    INLAY_BARE static void entry() {
        write_hook_thunk_text<Hook>();
        asm volatile("bl inlay_thunk.%c[id]"
                     :
                     : [id] INLAY_SYMBOL(anchor_of<of_hook<Hook>>)
                     : "cc", "memory", "x16", "x17", "x30");
    }
};

} // namespace INLAY_TARGET

/// The compiler writes a thunk where it is used.
template <class Hook>
[[gnu::always_inline]] inline void write_hook_thunk() noexcept {}

// NOLINTBEGIN(bugprone-macro-parentheses): a list
#define INLAY_HOOK(...)                                                                                                \
    asm inline volatile("inlay_hook.%c[id] %="                                                                         \
                        :                                                                                              \
                        : [id] INLAY_SYMBOL(anchor_of<Hook>) __VA_ARGS__                                               \
                        : "cc", "memory", "x16", "x17", "x30")
// NOLINTEND(bugprone-macro-parentheses)

/// The call, with `Count` words in the registers of arguments. These have no constraint: see site().
template <class Hook, size_t Count>
[[gnu::always_inline]] inline void hook_call(word a = 0, word b = 0, word c = 0, word d = 0, word e = 0,
                                             word f = 0) noexcept {
    static_assert(Count <= most_arguments);
    [[maybe_unused]] const word v0 = Count > 0 ? laundered(a) : a;
    [[maybe_unused]] const word v1 = Count > 1 ? laundered(b) : b;
    [[maybe_unused]] const word v2 = Count > 2 ? laundered(c) : c;
    [[maybe_unused]] const word v3 = Count > 3 ? laundered(d) : d;
    [[maybe_unused]] const word v4 = Count > 4 ? laundered(e) : e;
    [[maybe_unused]] const word v5 = Count > 5 ? laundered(f) : f;
    Hook::describe();
    if constexpr (Count == 0) {
        INLAY_HOOK();
    } else {
        register word r0 asm("x0") = v0;
        if constexpr (Count == 1) {
            INLAY_HOOK(, "r"(r0));
        } else {
            register word r1 asm("x1") = v1;
            if constexpr (Count == 2) {
                INLAY_HOOK(, "r"(r0), "r"(r1));
            } else {
                register word r2 asm("x2") = v2;
                if constexpr (Count == 3) {
                    INLAY_HOOK(, "r"(r0), "r"(r1), "r"(r2));
                } else {
                    register word r3 asm("x3") = v3;
                    if constexpr (Count == 4) {
                        INLAY_HOOK(, "r"(r0), "r"(r1), "r"(r2), "r"(r3));
                    } else {
                        register word r4 asm("x4") = v4;
                        if constexpr (Count == 5) {
                            INLAY_HOOK(, "r"(r0), "r"(r1), "r"(r2), "r"(r3), "r"(r4));
                        } else {
                            register word r5 asm("x5") = v5;
                            INLAY_HOOK(, "r"(r0), "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5));
                        }
                    }
                }
            }
        }
    }
}

} // namespace aarch64::emit
} // namespace inlay

#undef INLAY_HOOK
