// SPDX-License-Identifier: BSL-1.0
//
// named: what keys and static calls have in common: in a process, one name is one thing.
//
//     detail::describe_named<Declaration, Name, Signature>();     // once a unit; writes no instruction
//
// How it works. A declaration has a cell in each image that uses it. Its `table::named` says the cell's name and
// type. The type is the mangled name of `signature<Type>`, since all compilers of a platform spell that alike: two
// images agree about a type if these texts are equal. In a hosted program an ELF note leads to an image's tables, and the
// image joins the others when it is loaded (images.hpp).
#pragma once

#include "inlay/arch/emit.hpp"
#include "inlay/image.hpp"
#include "inlay/name.hpp"

#if defined(__linux__) && __STDC_HOSTED__
#include "inlay/images.hpp"
#endif

namespace inlay::detail {

/// Its mangled name is a type's identity.
template <class Type>
struct signature {
    [[gnu::visibility("hidden")]] static inline constexpr char value{};
};

template <class Declaration, name Name, class Signature>
[[gnu::always_inline]] inline void describe_named() noexcept {
    arch::emit::named<Declaration, &name_text<Name>::value, &signature<Signature>::value>();
#if defined(__linux__) && __STDC_HOSTED__
    arch::emit::image<&own_image, &nothing, &zero>();
    arch::emit::note<&own_image, &join_at_load, &leave>();
#endif
}

} // namespace inlay::detail
