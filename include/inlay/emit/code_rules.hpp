// SPDX-License-Identifier: BSL-1.0
//
// code_rules: writes code rules and code points into sections of an object that no loader reads.
//
//     emit::code_rule<rule>();            // inlay_code_rules: the rule's text
//     emit::code_point<name>();           // inlay_code_points: an address, and the point's name
//
// How it works. The compiler hands the text to the assembler as numbers of 32 bits. The sections have no flag "a", so
// they take no memory in a program. A point's record is in the COMDAT group of the function around it and is linked to
// the section of its label, as a site's record is (tables.hpp). A rule's text refers to no address; two units that
// declare one rule leave it twice, and the checker counts it once.
#pragma once

#include "inlay/requirements.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace emit {

/// Words of 32 bits that one statement writes; a text is filled with zeros up to a multiple of them.
inline constexpr size_t rule_words = 8;

/// Writes the characters of `Text` from the word `From` on. `Text` has `word(index)` and `words()`.
template <const auto& Text, size_t From = 0>
[[gnu::always_inline]] inline void code_rule() noexcept {
    if constexpr (From < Text.words()) {
        asm inline volatile(
            ".pushsection inlay_code_rules,\"\",@progbits\n\t"
            ".long %c[w0],%c[w1],%c[w2],%c[w3],%c[w4],%c[w5],%c[w6],%c[w7]\n\t"
            ".popsection"
            :
            : [w0] "i"(Text.word(From)), [w1] "i"(Text.word(From + 1)), [w2] "i"(Text.word(From + 2)),
              [w3] "i"(Text.word(From + 3)), [w4] "i"(Text.word(From + 4)), [w5] "i"(Text.word(From + 5)),
              [w6] "i"(Text.word(From + 6)), [w7] "i"(Text.word(From + 7)));
        code_rule<Text, From + rule_words>();
    }
}

/// Marks this place. It has no instruction, and no access to memory moves across it while compiling. `Text` has
/// `word(index)`, for `rule_words` words.
template <const auto& Text>
[[gnu::always_inline]] inline void code_point() noexcept {
    asm inline volatile(".Linlay_point%=:\n\t"
                        ".pushsection inlay_code_points,\"o?\",@progbits,.Linlay_point%=\n\t"
                        ".if %c[wide]\n\t.quad .Linlay_point%=\n\t.else\n\t.long .Linlay_point%=\n\t.endif\n\t"
                        ".long %c[w0],%c[w1],%c[w2],%c[w3],%c[w4],%c[w5],%c[w6],%c[w7]\n\t"
                        ".popsection"
                        :
                        : [wide] "i"(sizeof(void*) == 8 ? 1 : 0), [w0] "i"(Text.word(0)), [w1] "i"(Text.word(1)),
                          [w2] "i"(Text.word(2)), [w3] "i"(Text.word(3)), [w4] "i"(Text.word(4)),
                          [w5] "i"(Text.word(5)), [w6] "i"(Text.word(6)), [w7] "i"(Text.word(7))
                        : "memory");
}

} // namespace emit
} // namespace inlay
