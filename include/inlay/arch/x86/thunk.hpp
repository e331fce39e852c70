// SPDX-License-Identifier: BSL-1.0
//
// thunk: x86 functions in assembly: thunks, trampolines, instructions as a function.
//
//     &emit::thunk<&function>::entry                        // keeps the registers that `function` changes
//     &emit::function_of<sti()>::entry                      // sti; ret
//     emit::trampoline<Callee>();                           // jmp *pointer
//
// How it works. Such a function is naked, and its instructions are bytes: no compiler option changes their syntax or
// their length. Under INLAY_INDIRECT_THUNK_R11 and INLAY_RETURN_THUNK its jumps and returns go through a kernel's
// thunks.
#pragma once

#include "inlay/anchor.hpp"
#include "inlay/arch/compiler.hpp"
#include "inlay/arch/target.hpp"
#include "inlay/arch/x86/assembler.hpp"
#include "inlay/arch/x86/machine.hpp"
#include "inlay/arch/x86/naked.hpp"
#include "inlay/arch/x86/registers.hpp"
#include "inlay/code.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace x86::emit {

using inlay::detail::id_of;
using inlay::emit::chunk;

// Registers that a thunk keeps, as bits of `processor_registers`. GCC lets no statement of this unit name them,
// although a function of the unit may use them by its target attribute.
inline constexpr int sse_registers = 2;
inline constexpr int avx_registers = 4;
inline constexpr int avx512_registers = 8;
inline constexpr int masks_of_64_bits = 16;
inline constexpr int apx_registers = 32;
inline constexpr int unknown_registers = 128;
#if defined(__clang__) || defined(_SOFT_FLOAT) || (defined(__x86_64__) && !defined(__SSE__))
inline constexpr int kept_by_thunks = 0;
#elif defined(__x86_64__)
inline constexpr int kept_by_thunks = unknown_registers
#ifndef __AVX512F__
                                      | avx512_registers
#endif
#ifndef __APX_F__
                                      | apx_registers
#endif
    ;
#elif !defined(__SSE__)
inline constexpr int kept_by_thunks = unknown_registers | sse_registers | avx_registers | avx512_registers;
#elif !defined(__AVX512F__)
inline constexpr int kept_by_thunks = unknown_registers | avx512_registers;
#else
inline constexpr int kept_by_thunks = 0;
#endif

// Each image needs its own object; newer Clangs warn of duplicates.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wunique-object-duplication"
/// Those of them that this processor has and the system lets a program use. Each image has one.
[[gnu::visibility("hidden")]] inline constinit uint8_t processor_registers = unknown_registers;
#pragma GCC diagnostic pop
inline namespace INLAY_TARGET {

/// Finds these registers.
[[gnu::visibility("hidden")]] inline void find_processor_registers() noexcept {
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
    state |= (first.edx & sse) != 0 ? sse_registers : 0;
    if ((first.ecx & osxsave) != 0) {
        const uint64_t enabled = xgetbv();
        state |= (enabled & ymm) == ymm ? avx_registers : 0;
        if (cpuid(0, 0).eax >= 7) {
            const cpuid_result seventh = cpuid(7, 0);
            if ((enabled & zmm) == zmm && (seventh.ebx & avx512f) != 0) {
                state |= avx512_registers | ((seventh.ebx & avx512bw) != 0 ? masks_of_64_bits : 0);
            }
            state |= (enabled & apx) != 0 && seventh.eax >= 1 && (cpuid(7, 1).edx & apx_f) != 0 ? apx_registers : 0;
        }
    }
    __atomic_store_n(&processor_registers, static_cast<uint8_t>(state), __ATOMIC_RELAXED);
}

} // namespace INLAY_TARGET

// test byte ptr [has], bits; jz other
#if defined(__x86_64__)
#define INLAY_IF_HAS(bits, other)                                                                                      \
    ".byte 0xf6,0x05\n\t.long %c[has] - . - 5\n\t.byte " bits "\n\t"                                                   \
    ".byte 0x0f,0x84\n\t.long " other " - . - 4\n\t"
#else
#define INLAY_IF_HAS(bits, other)                                                                                      \
    ".byte 0xf6,0x05\n\t.long %c[has]\n\t.byte " bits "\n\t"                                                           \
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
// Eight registers to, or from, places `step` bytes apart in the frame of the thunk; rbp is the frame pointer. The first
// argument has the bytes before ModRM.
#define INLAY_EIGHT(bytes, first, step)                                                                                \
    ".irp n,0,1,2,3,4,5,6,7\n\t.byte " bytes ",0x85+8*\\n\n\t.long " first "+" step "*\\n\n\t.endr\n\t"
#define INLAY_MASKS_TO_FRAME(opcode, first)                                                                            \
    INLAY_IF_HAS("%c[wide]", ".Linlay_narrow%=")                                                                       \
    INLAY_EIGHT("0xc4,0xe1,0xf8," opcode, first, "8") /* kmovq */                                                      \
    INLAY_GO(".Linlay_masks%=")                                                                                        \
    ".Linlay_narrow%=:\n\t" INLAY_EIGHT("0xc5,0xf8," opcode, first, "8") /* kmovw */                                   \
        ".Linlay_masks%=:\n\t"
#if defined(__x86_64__)
#define INLAY_REGISTERS_TO_FRAME(vector, mask, general)                                                                \
    INLAY_IF_HAS("%c[avx512]", ".Linlay_no_avx512%=")                                                                  \
    INLAY_MASKS_TO_FRAME(mask, "-1312")                                                                                \
    INLAY_EIGHT("0x62,0xe1,0xfe,0x48," vector, "-1248", "64") /* vmovdqu64, zmm16 to zmm23 */                          \
    INLAY_EIGHT("0x62,0x61,0xfe,0x48," vector, "-736", "64")  /* zmm24 to zmm31 */                                     \
    ".Linlay_no_avx512%=:\n\t" INLAY_IF_HAS("%c[apx]", ".Linlay_no_apx%=")                                             \
        INLAY_EIGHT("0xd5,0x48," general, "-224", "8") /* mov, r16 to r23 */                                           \
        INLAY_EIGHT("0xd5,0x4c," general, "-160", "8") /* r24 to r31 */                                                \
        ".Linlay_no_apx%=:\n\t"
#else
// clang-format off
#define INLAY_REGISTERS_TO_FRAME(vector, mask, sse)                                                                        \
    INLAY_IF_HAS("%c[avx512]", ".Linlay_no_avx512%=")                                                                \
    INLAY_MASKS_TO_FRAME(mask, "-608")                                                                                 \
    ".if %c[vectors]\n\t"                                                                                              \
    INLAY_EIGHT("0x62,0xf1,0xfe,0x48," vector, "-544", "64") /* vmovdqu64 */                                           \
    ".endif\n\t"                                                                                                       \
    INLAY_GO(".Linlay_vectors%=")                                                                                      \
    ".Linlay_no_avx512%=:\n\t"                                                                                         \
    ".if %c[vectors]\n\t"                                                                                              \
    INLAY_IF_HAS("%c[avx]", ".Linlay_no_avx%=")                                                                      \
    INLAY_EIGHT("0xc5,0xfe," vector, "-544", "64") /* vmovdqu */                                                       \
    INLAY_GO(".Linlay_vectors%=")                                                                                      \
    ".Linlay_no_avx%=:\n\t"                                                                                            \
    INLAY_EIGHT("0x0f," sse, "-544", "64") /* movups */                                                                \
    ".endif\n"                                                                                                         \
    ".Linlay_vectors%=:\n\t"
// clang-format on
#endif
#define INLAY_FRAME_OPERANDS                                                                                           \
    [has] "i"(&processor_registers), [avx512] "i"(avx512_registers), [wide] "i"(masks_of_64_bits),                     \
        [apx] "i"(apx_registers), [avx] "i"(avx_registers),                                                            \
        [vectors] "i"((kept_by_thunks & sse_registers) != 0 ? 1 : 0), [unknown] "i"(unknown_registers)

/// Stores these registers to the frame of the thunk that calls it, and keeps all others. The first call asks the
/// processor which registers it has. A template, so that units that keep different registers do not share it.
template <int Kept>
struct registers_to_frame {
    // clang-format off
    INLAY_NAKED static void store() {
        asm(INLAY_IF_HAS("%c[unknown]", ".Linlay_known%=")
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
            INLAY_REGISTERS_TO_FRAME("0x7f", "0x91", "0x89")
#else
            INLAY_REGISTERS_TO_FRAME("0x7f", "0x91", "0x11")
#endif
            INLAY_RETURN
            :
            : INLAY_FRAME_OPERANDS, [find] "i"(&find_processor_registers));
    }

    INLAY_NAKED static void load() {
#if defined(__x86_64__)
        asm(INLAY_REGISTERS_TO_FRAME("0x6f", "0x90", "0x8b") INLAY_RETURN : : INLAY_FRAME_OPERANDS);
#else
        asm(INLAY_REGISTERS_TO_FRAME("0x6f", "0x90", "0x10") INLAY_RETURN : : INLAY_FRAME_OPERANDS);
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

/// The thunk of `preserving<Function>{}`: keeps all general registers but rax (and rdx where the result is wider than
/// one register), aligns the stack, calls. (In 32-bit mode eax and edx; the arguments are in eax, edx and ecx, see
/// `reachable`.) It also keeps the registers that no statement of the unit can name. An exception cannot cross an
/// assembly statement: an exception that leaves `Function` ends the program, since `reachable` is noexcept. With
/// `PassesReturnAddress`, `Function` gets the thunk's return address.
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
            ".if %c[kept]\n\t" INLAY_IF_HAS("%c[kept]", ".Linlay_plain%=")
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
              [has] "i"(&processor_registers), [store] "i"(store_registers<Kept>),
              [load] "i"(load_registers<Kept>),
              [returns_rax] "i"(int{!inlay::detail::same<result, void>}),
              [returns_rdx] "i"(int{inlay::detail::size_of<result> > 8})
            : INLAY_UNWINDS);
#else
        asm(".byte 0x55\n\t" // push ebp
            INLAY_CFI("cfi_def_cfa_offset 8") INLAY_CFI("cfi_offset 5, -8")
            ".byte 0x89,0xe5\n\t" // mov ebp, esp
            INLAY_CFI("cfi_def_cfa_register 5")
            ".byte 0x83,0xe4,0xf0\n\t"      // and esp, -16
            ".byte 0x51,0x52,0x50,0x50\n\t" // push ecx, edx, eax; eax again: the stack stays aligned
            ".if %c[where]\n\t.byte 0x8b,0x45,0x04\n\t.endif\n\t" // mov eax, [ebp + 4]
            ".if %c[kept]\n\t" INLAY_IF_HAS("%c[kept]", ".Linlay_plain%=")
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
              [has] "i"(&processor_registers), [store] "i"(store_registers<Kept>),
              [load] "i"(load_registers<Kept>),
              [returns_eax] "i"(int{!inlay::detail::same<result, void>}),
              [returns_edx] "i"(int{inlay::detail::size_of<result> > 4})
            : INLAY_UNWINDS);
#endif
    }
    // clang-format on
};

#undef INLAY_IF_HAS
#undef INLAY_GO
#undef INLAY_PUSH
#undef INLAY_POP
#undef INLAY_EIGHT
#undef INLAY_MASKS_TO_FRAME
#undef INLAY_REGISTERS_TO_FRAME
#undef INLAY_FRAME_OPERANDS

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

/// The trampoline `Callee::trampoline`: jumps through the pointer. It is defined in assembly, because compilers would
/// draw conclusions from a C++ body (noexcept, unused arguments). Each unit has its own, a local symbol.
template <class Callee>
[[gnu::always_inline]] inline void trampoline() noexcept {
    // clang-format off
    asm inline volatile(".ifndef .Linlay_trampoline.%c[id]\n\t"
                        ".ifdef %c[name]\n\t"
                        ".error \"inlay: two calls of this unit have one name but differ; give each a name of its own\"\n\t"
                        ".endif\n\t"
                        ".pushsection .text.inlay.%c[name],\"ax\",@progbits\n\t"
                        ".balign 8\n\t"
                        INLAY_TYPE("%c[name]")
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

} // namespace x86::emit
} // namespace inlay
