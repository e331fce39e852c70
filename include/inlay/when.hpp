// SPDX-License-Identifier: BSL-1.0
//
// when: an entry in a list of forms: a form, and the predicate under which it is taken.
//
//     alternative<nop(3), when<cpu.smap, stac()>>           // stac() where the processor has SMAP
//     dispatch<"crc32", &crc32_table, when<cpu.sse4_2, &crc32_hw>>
//
// How it works. It holds its two arguments and nothing else. The last entry whose predicate holds wins (wins.hpp).
#pragma once

#include "inlay/feature.hpp"

namespace [[gnu::visibility("hidden")]] inlay {

/// `Code` takes the place of the form before it in the list if `Predicate` holds. For `dispatch`, `Code` is the
/// address of a function.
template <auto Predicate, auto Code>
    requires predicate<decltype(Predicate)>
struct when {
    static constexpr auto holds = Predicate;
    static constexpr auto code = Code;
};

} // namespace inlay
