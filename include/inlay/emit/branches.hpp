// SPDX-License-Identifier: BSL-1.0
//
// branches: sites of a key, a switch and a predicate. Each site is one instruction, a jump or a nop.
//
//     if (emit::key_site<Declaration, true>()) { ... }      // before apply(): a jump to code that reads the value
//
// How it works. A site is an `asm goto` with a label of C++ for each path, and a record with the addresses of the
// labels. Each function here returns a constant after each label, so that the compiler joins a path with the caller's
// branch.
#pragma once

#include "inlay/emit/tables.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace emit {

/// The value of a key, `Expected` or the other one. The site is one instruction of a fixed length.
///
/// Which instruction belongs at the site follows in four steps:
///
/// 1. Layout. The compiler has two paths after the question, one for each value. `Expected` says which of them should
///    follow the site; the other path begins at the label `other`. The results are constants, so the compiler joins
///    each path with the branch of the caller's `if`, and compares nothing.
/// 2. A nop takes the path that follows the site, and a jump takes the path at `other`. So:
///
///        value    Expected   the value's path     the site
///        true     true       follows the site     nop
///        true     false      is at `other`        jump to `other`
///        false    true       is at `other`        jump to `other`
///        false    false      follows the site     nop
///
///    In one line: the site is a jump if the value is not `Expected`.
/// 3. The record has the data for this rule: the site, `other`, the name of the key (to find its value), and
///    `Expected`, as the bit table::falls_through_if_true in the reference to the name. decide() applies the rule.
/// 4. Until apply() has run, no value has been decided. The site jumps to `slow`; this code reads the value from
///    memory.
///
/// `Expected` is about layout only. If the compiler places the paths another way, the jump still arrives at the label,
/// and the result is the value.
///
/// The assembly names only the site's own label and labels of C++, so compilers may copy it.
template <class Declaration, bool Expected>
[[nodiscard, gnu::always_inline]] inline bool key_site() noexcept {
    // clang-format off
    asm inline goto(".Linlay_key%=: " INLAY_JUMP("%l[slow]")
                    INLAY_RELOC(".Linlay_key%=", "%c[id] + %c[shape]")
                    INLAY_SECTION_IS_THERE(".Linlay_key%=", "inlay_keys")
                    INLAY_SECTION_IS_THERE(".Linlay_key%=", "inlay_names")
                    ".pushsection inlay_keys,\"awo?\",@progbits,.Linlay_key%=\n\t"
                    ".balign 4\n\t"
                    ".long .Linlay_key%= - ., %l[other] - ., .Linlay_named.%c[id] + %c[shape] - .\n\t"
                    ".popsection"
                    :
                    : [id] INLAY_SYMBOL(anchor_of<Declaration>), [shape] "i"(Expected ? table::falls_through_if_true : 0)
                    :
                    : slow, other);
    // clang-format on
    return Expected;
slow:
    return __atomic_load_n(&Declaration::state.value, __ATOMIC_RELAXED) != 0;
other:
    return !Expected;
}

/// Whether a predicate holds: an alternative of a nop and a jump to `other`. The code `Nop` has been described. The
/// path for `Expected` follows the site, as in key_site(). The original is the form that leads to false. Each site has
/// separate tables, because its jump has a separate target.
template <class Predicate, class Nop, bool Expected>
[[nodiscard, gnu::always_inline]] inline bool predicate_site() noexcept {
    // clang-format off
    asm inline goto(".Linlay_has%=:\n\t"
                    ".if %c[expected]\n\t" INLAY_JUMP("%l[other]")
                    ".else\n\tinlay_code.%c[nop]\n\t.endif\n\t"
                    INLAY_RELOC(".Linlay_has%=", "%c[id]")
                    INLAY_SECTION_IS_THERE(".Linlay_has%=", "inlay_alternatives")
                    ".pushsection .rodata.inlay_has,\"ao?\",@progbits,.Linlay_has%=\n\t"
                    ".balign 4\n"
                    ".Linlay_has_form%=:\n\t"
                    ".byte %c[length],%c[kind],0,0, %c[operand],0xff,0xff,0xff\n\t"
                    INLAY_JUMP("%l[other]")
                    ".balign 4\n"
                    ".Linlay_has_original%=:\n\t"
                    ".if %c[expected]\n\t.long .Linlay_has_form%= - .\n\t"
                    ".else\n\t.long .Linlay_form.%c[nop] - .\n\t.endif\n\t"
                    ".long 0, 0, 0\n\t.byte %c[length],0,0,0\n"
                    ".Linlay_has_choice%=:\n\t"
                    ".if %c[expected]\n\t.long .Linlay_form.%c[nop] - .\n\t"
                    ".else\n\t.long .Linlay_has_form%= - .\n\t.endif\n\t"
                    ".long .Linlay_predicate.%c[id] - ., .Linlay_has_original%= - ., 0\n\t.byte %c[length],1,0,0\n\t"
                    ".popsection\n\t"
                    ".pushsection inlay_alternatives,\"ao?\",@progbits,.Linlay_has%=\n\t"
                    ".balign 4\n\t"
                    ".long .Linlay_has%= - ., .Linlay_has_choice%= - .\n\t"
                    ".popsection"
                    :
                    : [id] INLAY_SYMBOL(anchor_of<Predicate>), [nop] INLAY_SYMBOL(anchor_of<Nop>),
                      [expected] "i"(int{Expected}),
                      [kind] "i"(static_cast<int>(table::form_kind::plain)), [length] "i"(arch::emit::branch_site_length),
                      [operand] "i"(arch::emit::branch_site_operand)
                    :
                    : other);
    // clang-format on
    return Expected;
other:
    return !Expected;
}

/// Execution never reaches a label that a smaller switch does not use. The empty statement keeps the label's block
/// separate. Clang before 17 would merge it with the next block, and compare the value there instead of going straight
/// to its case.
template <unsigned Index, unsigned Count, unsigned First>
[[gnu::always_inline]] inline unsigned way() noexcept {
    if constexpr (Index >= Count) {
        __builtin_unreachable();
    } else {
        asm inline volatile("");
        return First + Index;
    }
}

/// The way of a switch, out of `Count` ways (2 to 16) from `First` on; counted in steps of 1 << `Shift`. The code for
/// the way `Initial` follows the site (16: none follows). Otherwise as key_site(). If the value is none of these ways,
/// it has just been set, and is the result.
template <class Declaration, unsigned Count, unsigned First, unsigned Shift, unsigned Initial>
[[nodiscard, gnu::always_inline]] inline unsigned switch_site() noexcept {
    // clang-format off
    asm inline goto(".Linlay_key%=: " INLAY_JUMP("%l[slow]")
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
                    : [id] INLAY_SYMBOL(id_of<Declaration>), [shape] "i"(table::many_ways), [count] "i"(Count),
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

} // namespace emit
} // namespace inlay
