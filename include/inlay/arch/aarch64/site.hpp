// SPDX-License-Identifier: BSL-1.0
//
// site: instructions of an alternative on AArch64, as text that the compiler's own code contains.
//
//     emit::code_macro<Code, Symbols...>();                 // the assembler macro inlay_code.<anchor>
//     emit::site<Declaration, ...>(inputs);                 // the site: its instructions and its record
//
// How it works. A code becomes an assembler macro, because two places need its words: the form (data) and the site
// (text). A relative operand is a `.reloc` before its word: the linker fills it in, in data as well. A site is one
// assembly statement, which uses the macro inlay_site.<anchor> (emit/tables.hpp).
#pragma once

#include "inlay/anchor.hpp"
#include "inlay/arch/aarch64/assembler.hpp"
#include "inlay/arch/aarch64/operands.hpp"
#include "inlay/arch/aarch64/thunk.hpp"
#include "inlay/arch/compiler.hpp"
#include "inlay/code.hpp"
#include "inlay/table.hpp"
#include "inlay/traits.hpp"
#include "inlay/words.hpp"

// The other registers than general ones that a called function may change. Both compilers know the predicates of SVE
// everywhere, and a function may have them by its target attribute; Clang does not know FFR. Without vector registers
// (-mgeneral-regs-only, as kernels are built) no function changes them, and GCC refuses their names.
#if defined(__ARM_NEON)
#define INLAY_CALL_CLOBBERS                                                                                            \
    , "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16",     \
        "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31", "p0", \
        "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13", "p14", "p15"
#else
#define INLAY_CALL_CLOBBERS
#endif

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

namespace aarch64::emit {

using inlay::emit::anything;
using inlay::emit::laundered;

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

/// The operand that prints a symbol of a code: for a thunk, the end of its name.
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

/// The assembler macro `inlay_code.<anchor>`: each use writes the words of `Code`.
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

/// The initial value of operand `Number`: an input, or any value if the site only `Changes` it. (No code reads the 0.)
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

// GCC's coverage puts a counter after each assembly statement. With -fprofile-update=atomic the counter is a call,
// which changes the result register before it is read. So the function of a site has no counters, and reads the
// register at once. Without optimisation, GCC cannot inline a function without counters into one with counters: the
// statement stores the result itself.
#if defined(__clang__)
#define INLAY_NOT_COUNTED
#define INLAY_GIVES(...) : __VA_ARGS__
#define INLAY_TAKE_RESULT() out.x0 = a0
#elif defined(__OPTIMIZE__)
#define INLAY_NOT_COUNTED [[gnu::no_profile_instrument_function]]
#define INLAY_GIVES(...) : __VA_ARGS__
#define INLAY_TAKE_RESULT()                                                                                            \
    out.x0 = a0;                                                                                                       \
    if constexpr (Gives != gives::no_result) {                                                                         \
        asm volatile("" : "+r"(out.x0));                                                                               \
    }                                                                                                                  \
    static_assert(true)
#else
#define INLAY_NOT_COUNTED
#define INLAY_GIVES(...) "\n\tstr x0, %[result]" : [result] "=m"(out.x0), __VA_ARGS__
#define INLAY_TAKE_RESULT() static_assert(true)
#endif

// The statement of a site: `outputs` begins with a colon, the other lists with a comma. INLAY_SITE_OF_INPUTS is the
// statement with as many inputs as `Inputs` says; `first` is the input in x0, where x0 is no output.
#define INLAY_SITE(outputs, inputs, clobbers)                                                                          \
    asm inline volatile("inlay_site.%c[id] %=" outputs : [id] INLAY_SYMBOL(id) inputs : "cc", "memory" clobbers)
#define INLAY_LIST(...) __VA_ARGS__
#define INLAY_CHANGED "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5)
#define INLAY_CALLER_SAVED , "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17"
#define INLAY_SITE_OF_INPUTS(outputs, first, clobbers)                                                                 \
    if constexpr (Inputs == 1) {                                                                                       \
        INLAY_SITE(INLAY_LIST(outputs), INLAY_LIST(first), INLAY_LIST(clobbers));                                      \
    } else if constexpr (Inputs == 3) {                                                                                \
        INLAY_SITE(INLAY_LIST(outputs), INLAY_LIST(first, "r"(a1)), INLAY_LIST(clobbers));                             \
    } else if constexpr (Inputs == 7) {                                                                                \
        INLAY_SITE(INLAY_LIST(outputs), INLAY_LIST(first, "r"(a1), "r"(a2)), INLAY_LIST(clobbers));                    \
    } else if constexpr (Inputs == 15) {                                                                               \
        INLAY_SITE(INLAY_LIST(outputs), INLAY_LIST(first, "r"(a1), "r"(a2), "r"(a3)), INLAY_LIST(clobbers));           \
    } else if constexpr (Inputs == 31) {                                                                               \
        INLAY_SITE(INLAY_LIST(outputs), INLAY_LIST(first, "r"(a1), "r"(a2), "r"(a3), "r"(a4)), INLAY_LIST(clobbers));  \
    } else {                                                                                                           \
        INLAY_SITE(INLAY_LIST(outputs), INLAY_LIST(first, "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)),                \
                   INLAY_LIST(clobbers));                                                                              \
    }                                                                                                                  \
    static_assert(true)

/// The site itself. `Inputs` is a mask of register numbers: 0, 1, 3, 7, 15, 31 or 63. `Clobbers` is a mask of the other
/// registers that change.
///
/// No compiler has a constraint for a single register of AArch64. The way is a local variable in a register, and it
/// must be the operand itself. So each number of operands has its own statement. A variable that is no operand of the
/// statement occupies no register. Between the variable's initialisation and the statement, no other code may run, or a
/// call that instrumentation adds would change the variable. So all values are ready before, and unknown to the
/// compiler, so that it computes none later.
///
/// No list of clobbers can depend on a template argument. So each kind of site has its own statement. A site with other
/// clobbers uses a statement that clobbers somewhat more.
///
/// Between the operands and the statement, Declaration::describe() writes the description, because an assembler macro
/// must be defined before its use. No branch may stand between the two, or the compiler could lay out the site first.
template <inlay::emit::described Declaration, unsigned Inputs, gives Gives, keeps Keeps, unsigned Clobbers>
[[gnu::always_inline]] INLAY_NOT_COUNTED inline outputs site(const inputs in) noexcept {
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
        // Every register that can be an operand is an output, so that inputs may change as well. So is x18,
        // because Clang warns of x18 as a clobber if it is reserved (-ffixed-x18).
        register word a18 asm("x18"); // NOLINT(*-init-variables): an output
        if constexpr (every) {
            INLAY_SITE(INLAY_LIST(INLAY_GIVES(INLAY_CHANGED, "=r"(a18))), ,
                       INLAY_LIST(INLAY_CALLER_SAVED, "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27",
                                  "x28", "x30" INLAY_CALL_CLOBBERS));
        } else if constexpr (vectors) {
            INLAY_SITE(INLAY_LIST(INLAY_GIVES(INLAY_CHANGED, "=r"(a18))), ,
                       INLAY_LIST(INLAY_CALLER_SAVED, "x30" INLAY_CALL_CLOBBERS));
        } else {
            INLAY_SITE(INLAY_LIST(INLAY_GIVES(INLAY_CHANGED, "=r"(a18))), , INLAY_LIST(INLAY_CALLER_SAVED, "x30"));
        }
        INLAY_TAKE_RESULT();
    } else if constexpr (Clobbers != 0) {
        INLAY_SITE(INLAY_LIST(INLAY_GIVES(INLAY_CHANGED)), , INLAY_LIST(, "x16", "x17"));
        INLAY_TAKE_RESULT();
    } else if constexpr (Keeps == keeps::all && Gives == gives::no_result) {
        if constexpr (Inputs == 0) {
            INLAY_SITE( :, , );
        } else {
            INLAY_SITE_OF_INPUTS( :, INLAY_LIST(, "r"(a0)), );
        }
    } else if constexpr (Keeps == keeps::all) {
        if constexpr (Inputs == 0) {
            INLAY_SITE(INLAY_LIST(INLAY_GIVES("=r"(a0))), , );
        } else {
            INLAY_SITE_OF_INPUTS(INLAY_LIST(INLAY_GIVES("+r"(a0))), , );
        }
        INLAY_TAKE_RESULT();
    } else {
        // x0 is an output whether or not it is asked for: a function with a result changes it.
        if constexpr (Inputs == 0) {
            INLAY_SITE(INLAY_LIST(INLAY_GIVES("=r"(a0))), , INLAY_LIST(, "x16", "x17", "x30" INLAY_CALL_CLOBBERS));
        } else {
            INLAY_SITE_OF_INPUTS(INLAY_LIST(INLAY_GIVES("+r"(a0))), ,
                                 INLAY_LIST(, "x16", "x17", "x30" INLAY_CALL_CLOBBERS));
        }
        INLAY_TAKE_RESULT();
    }
    return out;
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

} // namespace aarch64::emit
} // namespace inlay

#undef INLAY_CALL_CLOBBERS
#undef INLAY_SITE
#undef INLAY_LIST
#undef INLAY_TAKE_RESULT
#undef INLAY_GIVES
#undef INLAY_NOT_COUNTED
#undef INLAY_CHANGED
#undef INLAY_CALLER_SAVED
#undef INLAY_SITE_OF_INPUTS
