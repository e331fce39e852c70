// SPDX-License-Identifier: BSL-1.0
//
// hook: a call on x86 that changes no register, and the thunk that it goes to.
//
//     emit::hook_call<Hook, 1>(word);                       // a word in rdi; changes flags and memory, nothing else
//     &emit::hook_thunk<Hook>::entry                        // saves all registers, calls Hook::invoke
//
// How it works. A compiler that sees the call keeps values in any register across it: general, x87, MMX, xmm, ymm,
// zmm, masks, APX's. So the thunk saves all caller-saved registers. It pushes the general ones. XSAVE saves the
// others that both the processor and the system have, for any options of the unit. (In the way of
// glibc's _dl_tlsdesc_dynamic_xsavec.) Without XSAVE, FXSAVE saves the x87, MMX and xmm registers. Units without
// vector registers, as kernels are built, have general ones only.
//
// XSAVE needs an area of a size that the processor says, aligned to 64 bytes: 2,688 bytes with AVX-512. XSAVEC writes
// only the registers in use.
#pragma once

#include "inlay/anchor.hpp"
#include "inlay/arch/compiler.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/arch/x86/assembler.hpp"
#include "inlay/arch/x86/naked.hpp"
#include "inlay/arch/x86/operands.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace x86::emit {

using inlay::detail::anchor_of;
using inlay::emit::laundered;

/// Whether code of this unit may have values in vector or floating-point registers. (Clang tells no unit of 32-bit
/// mode that it is compiled without: there, one without a C library is taken for a kernel's.)
#if defined(__SSE__) || (defined(__i386__) && !defined(_SOFT_FLOAT) && (__STDC_HOSTED__ || !defined(__clang__)))
inline constexpr bool has_vectors = true;
#else
inline constexpr bool has_vectors = false;
#endif

#if defined(__AMX_TILE__) || defined(__AMXTILE__) // Clang 14 has the second name
inline constexpr bool hooks_keep_all = false;     ///< not the tiles of AMX
#elif defined(__APX_F__) || defined(__EGPR__)
inline constexpr bool hooks_keep_all = has_vectors; ///< XSAVE has r16 to r31
#else
inline constexpr bool hooks_keep_all = true;
#endif

/// The instruction that saves these registers on this processor.
enum class vector_save : uint8_t { by_fnsave, by_fxsave, by_xsave, by_xsavec };

/// How a thunk saves the vector registers.
struct vector_state {
    uint32_t size;       ///< of the area, a multiple of 64; 0: not found out yet
    uint32_t components; ///< bits of XCR0
    vector_save way;
};
/// Each image has one. (Of a variable that is no template's, Clang 21 warns: -Wunique-object-duplication.)
template <class = void>
[[gnu::visibility("hidden")]] inline constinit vector_state saved_vectors{};

inline namespace INLAY_TARGET {

/// Finds out how to save them. Thunks call it when they have saved only the general registers, so it changes no others.
#if defined(__clang__)
__attribute__((no_sanitize("coverage", "undefined"), disable_sanitizer_instrumentation, xray_never_instrument))
#else
__attribute__((no_sanitize_coverage, no_sanitize("thread"), no_sanitize("address"), no_sanitize("undefined")))
#endif
__attribute__((target("general-regs-only"), no_instrument_function, no_profile_instrument_function, noinline,
               no_stack_protector, visibility("hidden"))) inline void
find_vector_state() noexcept {
    constexpr uint32_t fxsr = 1U << 24;         // leaf 1, edx
    constexpr uint32_t osxsave = 1U << 27;      // leaf 1, ecx
    constexpr uint32_t xsavec = 1U << 1;        // leaf 0xd, subleaf 1, eax
    constexpr uint32_t components = 0x000800e7; // x87, SSE, AVX, masks, two of zmm, APX (SDM volume 1, 13.1)
    constexpr uint32_t legacy = 512 + 64;       // the region of FXSAVE, and XSAVE's header
    uint32_t a = 1;
    uint32_t b = 0;
    uint32_t c = 0;
    uint32_t d = 0;
    asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    vector_save way = (d & fxsr) != 0 ? vector_save::by_fxsave : vector_save::by_fnsave;
    uint32_t enabled = 0;
    uint32_t standard = legacy; // where the last component ends, in either format
    uint32_t compacted = legacy;
    if ((c & osxsave) != 0) {
        asm volatile("xgetbv" : "=a"(enabled), "=d"(d) : "c"(0));
        enabled &= components;
        a = 0xd;
        c = 1;
        asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
        way = (a & xsavec) != 0 ? vector_save::by_xsavec : vector_save::by_xsave;
        for (unsigned i = 2; i < 32; ++i) {
            if ((enabled >> i & 1) != 0) {
                a = 0xd;
                c = i;
                asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
                standard = standard < a + b ? a + b : standard;
                compacted += (a + 63) & ~63U;
            }
        }
    }
    saved_vectors<>.components = enabled;
    saved_vectors<>.way = way;
    const uint32_t size = ((standard < compacted ? compacted : standard) + 63) & ~63U;
    __atomic_store_n(&saved_vectors<>.size, size, __ATOMIC_RELEASE);
}

// Compares a byte in memory with a constant, and jumps on the result.
#define INLAY_GO(opcode, where) ".byte " opcode "\n\t.byte " where " - . - 1\n\t"
#if defined(__x86_64__)
#define INLAY_COMPARE(place, number) ".byte 0x80,0x3d\n\t.long " place " - . - 5\n\t.byte " number "\n\t"
#define INLAY_LOAD_EAX(place) ".byte 0x8b,0x05\n\t.long " place " - . - 4\n\t"
#else
#define INLAY_COMPARE(place, number) ".byte 0x80,0x3d\n\t.long " place "\n\t.byte " number "\n\t"
#define INLAY_LOAD_EAX(place) ".byte 0xa1\n\t.long " place "\n\t"
#endif
// Saves vector registers to an area at the stack pointer; and restores them. Between the two, x87 and MMX are as a
// function expects them: the x87 stack is empty. Registers rax, rcx and rdx change.
// clang-format off
#define INLAY_SAVE_VECTORS                                                                                             \
    INLAY_LOAD_EAX("%c[size]")                                                                                         \
    ".byte 0x85,0xc0\n\t" INLAY_GO("0x75", ".Linlay_known%=")                 /* test eax, eax; jnz */                 \
    INLAY_CALL("%c[find]") INLAY_LOAD_EAX("%c[size]") ".Linlay_known%=:\n\t"  /* (the stack is aligned) */             \
    INLAY_W ".byte 0x83,0xe4,0xc0\n\t" INLAY_W ".byte 0x29,0xc4\n\t"          /* and rsp, -64; sub rsp, rax */         \
    ".byte 0x31,0xc9\n\t"                                                     /* xor ecx, ecx */                       \
    ".irp n," INLAY_HEADER "\n\t" INLAY_W ".byte 0x89,0x8c,0x24\n\t.long \\n\n\t.endr\n\t" /* mov [rsp + n], rcx */    \
    INLAY_LOAD_EAX("%c[components]") ".byte 0x31,0xd2\n\t"                    /* xor edx, edx */                       \
    INLAY_COMPARE("%c[way]", "2")                                                                                      \
    INLAY_GO("0x77", ".Linlay_compact%=") INLAY_GO("0x74", ".Linlay_extended%=") /* ja, je */                          \
    INLAY_COMPARE("%c[way]", "0") INLAY_GO("0x74", ".Linlay_oldest%=")        /* je */                                 \
    ".byte 0x0f,0xae,0x04,0x24\n\t" INLAY_GO("0xeb", ".Linlay_empty%=")       /* fxsave [rsp]; jmp */                  \
    ".Linlay_compact%=:\n\t.byte 0x0f,0xc7,0x24,0x24\n\t" INLAY_GO("0xeb", ".Linlay_empty%=") /* xsavec [rsp]; jmp */  \
    ".Linlay_extended%=:\n\t.byte 0x0f,0xae,0x24,0x24\n\t" INLAY_GO("0xeb", ".Linlay_empty%=") /* xsave [rsp]; jmp */  \
    ".Linlay_oldest%=:\n\t.byte 0xdd,0x34,0x24\n\t" INLAY_GO("0xeb", ".Linlay_saved%=") /* fnsave [esp]; jmp */        \
    ".Linlay_empty%=:\n\t.byte 0x0f,0x77\n"                                   /* emms */                               \
    ".Linlay_saved%=:\n\t"
#define INLAY_RESTORE_VECTORS                                                                                          \
    INLAY_LOAD_EAX("%c[components]") ".byte 0x31,0xd2\n\t"                                                             \
    INLAY_COMPARE("%c[way]", "1")                                                                                      \
    INLAY_GO("0x77", ".Linlay_extended_back%=") INLAY_GO("0x72", ".Linlay_oldest_back%=") /* ja, jb */                 \
    ".byte 0x0f,0xae,0x0c,0x24\n\t" INLAY_GO("0xeb", ".Linlay_back%=")        /* fxrstor [rsp]; jmp */                 \
    ".Linlay_extended_back%=:\n\t.byte 0x0f,0xae,0x2c,0x24\n\t" INLAY_GO("0xeb", ".Linlay_back%=") /* xrstor; jmp */   \
    ".Linlay_oldest_back%=:\n\t.byte 0xdd,0x24,0x24\n"                        /* frstor [esp] */                       \
    ".Linlay_back%=:\n\t"
// clang-format on
#if defined(__x86_64__)
#define INLAY_W ".byte 0x48\n\t"
#define INLAY_HEADER "512,520,528,536,544,552,560,568"
#else
#define INLAY_W
#define INLAY_HEADER "512,516,520,524,528,532,536,540,544,548,552,556,560,564,568,572"
#endif

/// The trampoline of a hook. If the hook has no target, it returns at once: sites come here before apply(), and where
/// text cannot be changed. Else it calls Hook::invoke() with the words in the registers of arguments, and gives every
/// register back as it was.
///
/// An exception does not come here, since `invoke` is noexcept. A backtrace passes by the frame pointer.
template <class Hook>
struct hook_thunk {
    static constexpr bool saves_vectors = has_vectors;

    // clang-format off
    INLAY_NAKED static void entry() {
#if defined(__x86_64__)
        asm(INLAY_COMPARE("%c[mode]", "%c[nothing]") INLAY_GO("0x75", ".Linlay_set%=") // jne
            INLAY_RETURN
            ".Linlay_set%=:\n\t"
            ".byte 0x55\n\t" // push rbp
            INLAY_CFI("cfi_def_cfa_offset 16") INLAY_CFI("cfi_offset 6, -16")
            ".byte 0x48,0x89,0xe5\n\t" // mov rbp, rsp
            INLAY_CFI("cfi_def_cfa_register 6")
            ".byte 0x50,0x51,0x52,0x56,0x57\n\t"                        // push rax, rcx, rdx, rsi, rdi
            ".byte 0x41,0x50,0x41,0x51,0x41,0x52,0x41,0x53\n\t"         // push r8, r9, r10, r11
            ".byte 0x48,0x83,0xe4,0xf0\n\t"                             // and rsp, -16
            ".if %c[vectors]\n\t"
            INLAY_SAVE_VECTORS
            ".byte 0x48,0x8b,0x7d,0xd8,0x48,0x8b,0x75,0xe0\n\t"         // mov rdi, [rbp - 40]; mov rsi, [rbp - 32]
            ".byte 0x48,0x8b,0x55,0xe8,0x48,0x8b,0x4d,0xf0\n\t"         // mov rdx, [rbp - 24]; mov rcx, [rbp - 16]
            ".byte 0x4c,0x8b,0x45,0xd0,0x4c,0x8b,0x4d,0xc8\n\t"         // mov r8, [rbp - 48]; mov r9, [rbp - 56]
            ".endif\n\t"
            INLAY_CALL("%c[invoke]")
            ".if %c[vectors]\n\t"
            INLAY_RESTORE_VECTORS
            ".endif\n\t"
            ".byte 0x48,0x8d,0x65,0xb8\n\t"                             // lea rsp, [rbp - 72]
            ".byte 0x41,0x5b,0x41,0x5a,0x41,0x59,0x41,0x58\n\t"         // pop r11, r10, r9, r8
            ".byte 0x5f,0x5e,0x5a,0x59,0x58\n\t"                        // pop rdi, rsi, rdx, rcx, rax
            ".byte 0x5d\n\t"                                            // pop rbp
            INLAY_CFI("cfi_def_cfa 7, 8") INLAY_CFI("cfi_restore 6")
            INLAY_RETURN
#else
        asm(INLAY_COMPARE("%c[mode]", "%c[nothing]") INLAY_GO("0x75", ".Linlay_set%=") // jne
            INLAY_RETURN
            ".Linlay_set%=:\n\t"
            ".byte 0x55\n\t" // push ebp
            INLAY_CFI("cfi_def_cfa_offset 8") INLAY_CFI("cfi_offset 5, -8")
            ".byte 0x89,0xe5\n\t" // mov ebp, esp
            INLAY_CFI("cfi_def_cfa_register 5")
            ".byte 0x50,0x51,0x52\n\t"                                  // push eax, ecx, edx
            ".byte 0x83,0xe4,0xf0\n\t"                                  // and esp, -16
            ".if %c[vectors]\n\t"
            INLAY_SAVE_VECTORS
            ".byte 0x8b,0x45,0xfc,0x8b,0x4d,0xf8,0x8b,0x55,0xf4\n\t"    // mov eax, [ebp - 4]; ecx: - 8; edx: - 12
            ".endif\n\t"
            INLAY_CALL("%c[invoke]")
            ".if %c[vectors]\n\t"
            INLAY_RESTORE_VECTORS
            ".endif\n\t"
            ".byte 0x8d,0x65,0xf4\n\t"                                  // lea esp, [ebp - 12]
            ".byte 0x5a,0x59,0x58\n\t"                                  // pop edx, ecx, eax
            ".byte 0x5d\n\t"                                            // pop ebp
            INLAY_CFI("cfi_def_cfa 4, 4") INLAY_CFI("cfi_restore 5")
            INLAY_RETURN
#endif
            :
            : [mode] "i"(&Hook::state.state.mode), [nothing] "i"(static_cast<int>(table::call_mode::nothing)),
              [invoke] "i"(&Hook::invoke), [vectors] "i"(int{saves_vectors}), [find] "i"(&find_vector_state),
              [size] "i"(&saved_vectors<>.size), [components] "i"(&saved_vectors<>.components),
              [way] "i"(&saved_vectors<>.way)
            : INLAY_UNWINDS);
    }
    // clang-format on
};

} // namespace INLAY_TARGET

/// The compiler writes a thunk where it is used.
template <class Hook>
[[gnu::always_inline]] inline void write_hook_thunk() noexcept {}

// NOLINTBEGIN(bugprone-macro-parentheses): a list
#define INLAY_HOOK(...)                                                                                                \
    asm inline volatile("inlay_hook.%c[id] %=" : : [id] "i"(anchor_of<Hook>)__VA_ARGS__ : "cc", "memory")
// NOLINTEND(bugprone-macro-parentheses)

/// The call, with `Count` words, or halves of words, in the registers of arguments. r8 and r9 have no constraint: see
/// site().
template <class Hook, size_t Count, class A = word, class B = word, class C = word, class D = word>
[[gnu::always_inline]] inline void hook_call(A a = 0, B b = 0, C c = 0, D d = 0, word e = 0, word f = 0) noexcept {
    static_assert(Count <= most_arguments);
    [[maybe_unused]] const word value_5 = Count > 4 ? laundered(e) : e;
    [[maybe_unused]] const word value_6 = Count > 5 ? laundered(f) : f;
    Hook::describe();
    if constexpr (Count == 0) {
        INLAY_HOOK();
#if defined(__x86_64__)
    } else if constexpr (Count == 1) {
        INLAY_HOOK(, "D"(a));
    } else if constexpr (Count == 2) {
        INLAY_HOOK(, "D"(a), "S"(b));
    } else if constexpr (Count == 3) {
        INLAY_HOOK(, "D"(a), "S"(b), "d"(c));
    } else if constexpr (Count == 4) {
        INLAY_HOOK(, "D"(a), "S"(b), "d"(c), "c"(d));
    } else if constexpr (Count == 5) {
        register word in_8 asm("r8") = value_5;
        INLAY_HOOK(, "D"(a), "S"(b), "d"(c), "c"(d), "r"(in_8));
    } else {
        register word in_8 asm("r8") = value_5;
        register word in_9 asm("r9") = value_6;
        INLAY_HOOK(, "D"(a), "S"(b), "d"(c), "c"(d), "r"(in_8), "r"(in_9));
    }
#else
    } else if constexpr (Count == 1) {
        INLAY_HOOK(, "a"(a));
    } else if constexpr (Count == 2) {
        INLAY_HOOK(, "a"(a), "d"(b));
    } else {
        INLAY_HOOK(, "a"(a), "d"(b), "c"(c));
    }
    (void)d;
#endif
}

} // namespace x86::emit
} // namespace inlay

#undef INLAY_GO
#undef INLAY_COMPARE
#undef INLAY_LOAD_EAX
#undef INLAY_SAVE_VECTORS
#undef INLAY_RESTORE_VECTORS
#undef INLAY_W
#undef INLAY_HEADER
#undef INLAY_HOOK
