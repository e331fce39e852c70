// SPDX-License-Identifier: BSL-1.0
//
// mnemonics: a code as a type that a compiler's message can show.
//
//     listing<push(rax) + rdtscp()>          // prints as instructions<instruction::push, instruction::rdtscp>
//
// How it works. See arch/x86/mnemonics.hpp. arch/arch.hpp includes the list of names for this unit's
// architecture.
#pragma once

#include "inlay/arch/arch.hpp"
#include "inlay/code.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace shown {

template <auto... Instructions>
struct instructions {};

template <auto Code, unsigned At, class Found>
struct listing_of;
template <auto Code, unsigned At, auto... Found>
    requires(At >= Code.length)
struct listing_of<Code, At, instructions<Found...>> {
    using type = instructions<Found...>;
};
template <auto Code, unsigned At, auto... Found>
    requires(At < Code.length && Code.boundary(At))
struct listing_of<Code, At, instructions<Found...>>
    : listing_of<Code, At + 1, instructions<Found..., instruction_at(Code, At)>> {};
template <auto Code, unsigned At, auto... Found>
    requires(At < Code.length && !Code.boundary(At))
struct listing_of<Code, At, instructions<Found...>> : listing_of<Code, At + 1, instructions<Found...>> {};

/// The instructions of a code, in its order.
template <auto Code>
using listing = typename listing_of<Code, 0, instructions<>>::type;

/// A form of an alternative: its number, and its instructions.
template <unsigned Ordinal, class Instructions>
struct form {};
template <unsigned Ordinal, auto Code>
using form_of = form<Ordinal, listing<Code>>;

} // namespace shown
} // namespace inlay
