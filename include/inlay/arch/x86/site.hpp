// SPDX-License-Identifier: BSL-1.0
//
// site: instructions of an alternative on x86, as text that the compiler's own code contains.
//
//     emit::code_macro<Code, Symbols...>();                 // the assembler macro inlay_code.<anchor>
//     emit::site<Declaration, ...>(inputs);                 // the site: its instructions and its record
//
// How it works. A code becomes an assembler macro, because two places need its bytes: the form (data) and the site
// (text). A site is one assembly statement, which uses the macro inlay_site.<anchor> (emit/tables.hpp).
//
// A form that calls or moves the stack must not meet the red zone. No compiler has an option for that in a single
// statement. But a function that may call another has no red zone: `never_a_leaf` (arch/compiler.hpp) adds such a call.
// In 32-bit mode, code has no red zone. But it contains addresses, so only position-dependent code will do.
#pragma once

#include "inlay/anchor.hpp"
#include "inlay/arch/compiler.hpp"
#include "inlay/arch/x86/assembler.hpp"
#include "inlay/arch/x86/operands.hpp"
#include "inlay/arch/x86/registers.hpp"
#include "inlay/arch/x86/thunk.hpp"
#include "inlay/code.hpp"
#include "inlay/table.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

// The other registers than general ones that a called function may change: one list. Parts that this unit cannot name
// are empty. Clang knows all names everywhere. GCC refuses the names of registers that the function around a site does
// not have, and a site cannot ask GCC for them. So with GCC, thunks keep the registers that a unit cannot name (see
// `kept_by_thunks`). Without vector registers (-mgeneral-regs-only, as kernels are built) no function changes them.
#if defined(__clang__) || defined(__SSE__) || (defined(__i386__) && !defined(_SOFT_FLOAT))
#define INLAY_X87 , "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)"
#else
#define INLAY_X87
#endif
#if defined(__clang__) || (defined(__MMX__) && (defined(__SSE__) || (defined(__i386__) && !defined(_SOFT_FLOAT))))
#define INLAY_MMX , "mm0", "mm1", "mm2", "mm3", "mm4", "mm5", "mm6", "mm7"
#else
#define INLAY_MMX
#endif
#if defined(__clang__) || defined(__SSE__)
#define INLAY_SSE , "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7"
#else
#define INLAY_SSE
#endif
#if defined(__x86_64__) && (defined(__clang__) || defined(__SSE__))
#define INLAY_SSE_OF_64_BITS , "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#else
#define INLAY_SSE_OF_64_BITS
#endif
#if defined(__x86_64__) && (defined(__clang__) || defined(__AVX512F__))
#define INLAY_AVX512                                                                                                   \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27",      \
        "xmm28", "xmm29", "xmm30", "xmm31"
#else
#define INLAY_AVX512
#endif
#if defined(__clang__) || defined(__AVX512F__)
#define INLAY_MASKS , "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define INLAY_MASKS
#endif
// Clang 18 knows their names only where it may use them.
#if defined(__APX_F__) || defined(__EGPR__) || (defined(__clang__) && __clang_major__ >= 19 && defined(__x86_64__))
#define INLAY_APX                                                                                                      \
    , "r16", "r17", "r18", "r19", "r20", "r21", "r22", "r23", "r24", "r25", "r26", "r27", "r28", "r29", "r30", "r31"
#else
#define INLAY_APX
#endif
// Of AMX. Clang keeps variables in them (__tile1024i); GCC leaves them to the program.
#if defined(__clang__) && defined(__x86_64__)
#define INLAY_TILES , "tmm0", "tmm1", "tmm2", "tmm3", "tmm4", "tmm5", "tmm6", "tmm7"
#else
#define INLAY_TILES
#endif
#define INLAY_CALL_CLOBBERS                                                                                            \
    INLAY_X87 INLAY_MMX INLAY_SSE INLAY_SSE_OF_64_BITS INLAY_AVX512 INLAY_MASKS INLAY_APX INLAY_TILES

namespace [[gnu::visibility("hidden")]] inlay {
namespace x86::emit {

using inlay::detail::anchor_of;
using inlay::detail::id_of;
using inlay::emit::anything;
using inlay::emit::laundered;

/// The operand that prints a symbol of a code.
template <auto Symbol, class Type = inlay::detail::plain<decltype(Symbol)>>
inline constexpr auto operand = Symbol;
template <auto Symbol, auto Function>
inline constexpr auto operand<Symbol, preserving<Function>> = &thunk<Function>::entry;
template <auto Symbol, class Operation>
    requires inlay::detail::is_operation<Operation>
inline constexpr auto operand<Symbol, Operation> = Operation::where;

/// The offsets of all symbol operands, a byte each; 255 for no operand.
consteval int operand_offsets(const machine_code& code) {
    uint32_t packed = 0xffffffff;
    for (unsigned i = 0; i < code.relatives; ++i) {
        packed &= ~(0xffU << (8 * i));
        packed |= static_cast<uint32_t>(code.relative[i].offset) << (8 * i);
    }
    return static_cast<int>(packed);
}

/// The offsets of the relative operands, in the form of `table::form::relative`. The other operands are absolute (their
/// tail is 0), and do not change when the form is copied.
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

/// The assembler macro `inlay_code.<anchor>`: each use writes the bytes of `Code`.
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

/// The stack pointer. A statement with it as an operand needs a stack frame. So the compiler does not move the
/// statement before the function's prologue, where the stack is not aligned yet.
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

/// Whether the site takes an operand in this register.
template <unsigned Inputs, auto Register>
inline constexpr bool is_input = (Inputs >> Register.number & 1U) != 0;

/// The value of an operand, unknown to the compiler; the constant 0 for an operand that the site does not take.
template <bool Taken>
[[gnu::always_inline]] inline word ready(word value) noexcept {
    if constexpr (Taken) {
        return laundered(value);
    } else {
        return 0;
    }
}

/// The operands in the registers that have a constraint; 0 where the site takes none.
struct ready_operands {
    word a;
    word c;
    word d;
    word b;
    word si;
    word di;
};

// The statement of a site; each list but the outputs begins with a comma. INLAY_OTHERS are the operands that no result
// register and no counter can be, INLAY_OPERANDS all of those with a constraint.
//
// An absent operand is the constant 0, for a constraint that admits a constant ("ai": rax, or an immediate). The
// compiler cannot know the value of a present operand, so that only the register fits.
// NOLINTBEGIN(bugprone-macro-parentheses): lists
#define INLAY_SITE(outputs, inputs, clobbers)                                                                          \
    asm inline volatile("inlay_site.%c[id] %="                                                                         \
                        : outputs                                                                                      \
                        : [id] "i"(anchor_of<Declaration>)inputs                                                       \
                        : "cc", "memory" clobbers)
// NOLINTEND(bugprone-macro-parentheses)
#define INLAY_LIST(...) __VA_ARGS__
#define INLAY_OTHERS                                                                                                   \
    , "bi"(is_input<Inputs, rbx> ? in.b : 0), "Si"(is_input<Inputs, rsi> ? in.si : 0),                                 \
        "Di"(is_input<Inputs, rdi> ? in.di : 0)
#define INLAY_OPERANDS                                                                                                 \
    , "ai"(is_input<Inputs, rax> ? in.a : 0), "ci"(is_input<Inputs, rcx> ? in.c : 0),                                  \
        "di"(is_input<Inputs, rdx> ? in.d : 0)INLAY_OTHERS

// In the functions below, Declaration::describe() writes the description between the operands and the statement,
// because an assembler macro must be defined before its use. No branch may stand between the two, or the compiler
// could lay out the site first.

#if defined(__x86_64__)
/// A site that changes all general registers of a call, or every one. Each register that it may change is an output, so
/// that operands can be among them.
///
/// r8 and r9 have no constraint; a variable that lives in the register takes its place. Between the variable's
/// initialisation and the statement, no other code may run, or a call that instrumentation adds would change the
/// variable. So all values are ready before. (And `in` is no reference: ThreadSanitizer has a call for each read of
/// memory whose address is taken.)
template <inlay::emit::described Declaration, unsigned Inputs, bool Every, bool Vectors>
[[gnu::always_inline]] inline outputs changing_site(const ready_operands in, word operand_8, word operand_9) noexcept {
    word a = is_input<Inputs, rax> ? in.a : anything();
    word d = is_input<Inputs, rdx> ? in.d : anything();
    word c = is_input<Inputs, rcx> ? in.c : anything();
    word si = is_input<Inputs, rsi> ? in.si : anything();
    word di = is_input<Inputs, rdi> ? in.di : anything();
    [[maybe_unused]] word b = is_input<Inputs, rbx> || !Every ? in.b : anything();
    const word value_8 = is_input<Inputs, r8> ? laundered(operand_8) : anything();
    const word value_9 = is_input<Inputs, r9> ? laundered(operand_9) : anything();
    Declaration::describe();
    register word in_8 asm("r8") = value_8;
    register word in_9 asm("r9") = value_9;
    if constexpr (Every) {
        INLAY_SITE(INLAY_LIST("+a"(a), "+d"(d), "+c"(c), "+S"(si), "+D"(di), "+b"(b), "+r"(in_8), "+r"(in_9),
                              "+r"(stack_pointer)),
                   , INLAY_LIST(, "r10", "r11", "r12", "r13", "r14", "r15" INLAY_CALL_CLOBBERS));
    } else if constexpr (Vectors) {
        INLAY_SITE(
            INLAY_LIST("+a"(a), "+d"(d), "+c"(c), "+S"(si), "+D"(di), "+r"(in_8), "+r"(in_9), "+r"(stack_pointer)),
            INLAY_LIST(, "bi"(is_input<Inputs, rbx> ? in.b : 0)), INLAY_LIST(, "r10", "r11" INLAY_CALL_CLOBBERS));
    } else {
        INLAY_SITE(INLAY_LIST("+a"(a), "+d"(d), "+c"(c), "+S"(si), "+D"(di), "+r"(in_8), "+r"(in_9)),
                   INLAY_LIST(, "bi"(is_input<Inputs, rbx> ? in.b : 0)), INLAY_LIST(, "r10", "r11"));
    }
    return {a, d};
}

/// A site with operands in r8 or r9 that changes only the result registers.
template <inlay::emit::described Declaration, unsigned Inputs, bool Vectors>
[[gnu::always_inline]] inline outputs site_with_r8_r9(const ready_operands in, word operand_8,
                                                      word operand_9) noexcept {
    word a = is_input<Inputs, rax> ? in.a : anything();
    word d = is_input<Inputs, rdx> ? in.d : anything();
    const word value_8 = is_input<Inputs, r8> ? laundered(operand_8) : anything();
    const word value_9 = is_input<Inputs, r9> ? laundered(operand_9) : anything();
    Declaration::describe();
    register word in_8 asm("r8") = value_8;
    register word in_9 asm("r9") = value_9;
    if constexpr (Vectors) {
        INLAY_SITE(INLAY_LIST("+a"(a), "+d"(d), "+r"(stack_pointer)),
                   INLAY_LIST(, "ci"(is_input<Inputs, rcx> ? in.c : 0)INLAY_OTHERS, "r"(in_8), "r"(in_9)),
                   INLAY_CALL_CLOBBERS);
    } else {
        INLAY_SITE(INLAY_LIST("+a"(a), "+d"(d)),
                   INLAY_LIST(, "ci"(is_input<Inputs, rcx> ? in.c : 0)INLAY_OTHERS, "r"(in_8), "r"(in_9)), );
    }
    return {a, d};
}
#else
/// A site that changes the general registers of a call and the vector registers, or every register.
template <inlay::emit::described Declaration, unsigned Inputs, bool Every>
[[gnu::always_inline]] inline outputs changing_site(const ready_operands& in) noexcept {
    word a = is_input<Inputs, rax> ? in.a : anything();
    word d = is_input<Inputs, rdx> ? in.d : anything();
    word c = is_input<Inputs, rcx> ? in.c : anything();
    if constexpr (Every) {
        word b = is_input<Inputs, rbx> ? in.b : anything();
        word si = is_input<Inputs, rsi> ? in.si : anything();
        word di = is_input<Inputs, rdi> ? in.di : anything();
        Declaration::describe();
        INLAY_SITE(INLAY_LIST("+a"(a), "+d"(d), "+c"(c), "+b"(b), "+S"(si), "+D"(di), "+r"(stack_pointer)), ,
                   INLAY_CALL_CLOBBERS);
    } else {
        Declaration::describe();
        INLAY_SITE(INLAY_LIST("+a"(a), "+d"(d), "+c"(c), "+r"(stack_pointer)), INLAY_OTHERS, INLAY_CALL_CLOBBERS);
    }
    return {a, d};
}
#endif

/// A site that changes rcx, or registers of results, and is no call.
template <inlay::emit::described Declaration, unsigned Inputs>
[[gnu::always_inline]] inline outputs site_that_changes_few(const ready_operands& in) noexcept {
    word a = is_input<Inputs, rax> ? in.a : anything();
    word d = is_input<Inputs, rdx> ? in.d : anything();
    word c = is_input<Inputs, rcx> ? in.c : anything();
    Declaration::describe();
    INLAY_SITE(INLAY_LIST("+a"(a), "+d"(d), "+c"(c)), INLAY_OTHERS, );
    return {a, d};
}

/// A site that changes only the result registers and, unless it keeps all others, the caller-saved ones.
template <inlay::emit::described Declaration, unsigned Inputs, gives Gives, keeps Keeps>
[[gnu::always_inline]] inline outputs plain_site(const ready_operands& in) noexcept {
    word out_a = 0;
    word out_d = 0;
    Declaration::describe();
    if constexpr (Keeps == keeps::all && Gives == gives::no_result) {
        INLAY_SITE(, INLAY_OPERANDS, );
    } else if constexpr (Keeps == keeps::all && Gives == gives::in_rax) {
        INLAY_SITE("=a"(out_a), INLAY_OPERANDS, );
    } else if constexpr (Keeps == keeps::all) {
        INLAY_SITE(INLAY_LIST("=a"(out_a), "=d"(out_d)), INLAY_OPERANDS, );
    } else if constexpr (Keeps == keeps::callee_saved && Gives != gives::in_rdx_rax) {
        // The result register, whether the site gives it back or not: the function it calls may return something.
        INLAY_SITE(INLAY_LIST("=a"(out_a), "+r"(stack_pointer)), INLAY_OPERANDS, INLAY_CALL_CLOBBERS);
    } else {
        INLAY_SITE(INLAY_LIST("=a"(out_a), "=d"(out_d), "+r"(stack_pointer)), INLAY_OPERANDS, INLAY_CALL_CLOBBERS);
    }
    return {out_a, out_d};
}

/// The site itself. `Inputs` is a mask of register numbers. `Clobbers` is a mask of the other registers that change.
///
/// No list of clobbers can depend on a template argument. So each kind of site has its own statement. A site with other
/// clobbers uses a statement that clobbers somewhat more.
template <inlay::emit::described Declaration, unsigned Inputs, gives Gives, keeps Keeps, unsigned Clobbers>
[[gnu::always_inline]] inline outputs site(const inputs in) noexcept {
    constexpr bool vectors = Keeps != keeps::all;
    constexpr bool every = (Clobbers & ~caller_saved) != 0;
    const ready_operands operands{ready<is_input<Inputs, rax>>(in.rax), ready<is_input<Inputs, rcx>>(in.rcx),
                                  ready<is_input<Inputs, rdx>>(in.rdx), ready<is_input<Inputs, rbx>>(in.rbx),
                                  ready<is_input<Inputs, rsi>>(in.rsi), ready<is_input<Inputs, rdi>>(in.rdi)};
#if defined(__x86_64__)
    constexpr bool in_r8_r9 = is_input<Inputs, r8> || is_input<Inputs, r9>;
    constexpr unsigned more = Clobbers & ~result_registers; // than registers of results
    constexpr bool most =
        Keeps == keeps::preserved || (more & ~(1U << rcx.number)) != 0 || (Clobbers != 0 && (vectors || in_r8_r9));
    if constexpr (every || most) {
        return changing_site<Declaration, Inputs, every, vectors>(operands, in.r8, in.r9);
    } else if constexpr (in_r8_r9) {
        return site_with_r8_r9<Declaration, Inputs, vectors>(operands, in.r8, in.r9);
#else
    if constexpr (every || Keeps == keeps::preserved || (Clobbers != 0 && vectors)) {
        return changing_site<Declaration, Inputs, every>(operands);
#endif
    } else if constexpr (Clobbers != 0) {
        return site_that_changes_few<Declaration, Inputs>(operands);
    } else {
        return plain_site<Declaration, Inputs, Gives, Keeps>(operands);
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

} // namespace x86::emit
} // namespace inlay

#undef INLAY_X87
#undef INLAY_MMX
#undef INLAY_SSE
#undef INLAY_SSE_OF_64_BITS
#undef INLAY_AVX512
#undef INLAY_MASKS
#undef INLAY_TILES
#undef INLAY_APX
#undef INLAY_CALL_CLOBBERS
#undef INLAY_SITE
#undef INLAY_LIST
#undef INLAY_OTHERS
#undef INLAY_OPERANDS
