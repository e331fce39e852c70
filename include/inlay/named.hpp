// SPDX-License-Identifier: BSL-1.0
//
// named: the common part of keys and static calls: in a process, one name is one thing.
//
//     detail::describe_named<Declaration, Name, Signature>();     // once a unit; writes no instruction
//
// How it works. A declaration has a cell in each image that uses it. Its `table::named` has the cell's name and type.
// The type is the mangled name of `signature<Type>`, since all compilers of a platform spell it the same way. So two
// images agree about a type if these texts are equal. Types of unnamed namespaces have the same mangled name in every
// unit; the unit is part of their text. In a hosted program an ELF note leads to an image's tables, and the image joins
// the others when it is loaded (images.hpp).
#pragma once

#include "inlay/emit/emit.hpp"
#include "inlay/image.hpp"
#include "inlay/name.hpp"

#if defined(__linux__) && __STDC_HOSTED__
#include "inlay/images.hpp"
#endif

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {

/// Its mangled name is a type's identity.
template <class Type>
struct signature {
    [[gnu::visibility("hidden")]] static inline constexpr char value{};
};

/// The identity of a type that belongs to its unit: another unit may have another type with the same name.
template <class Type, unsigned long long Unit>
struct signature_in {
    [[gnu::visibility("hidden")]] static inline constexpr char value{};
};

template <class Type, unsigned long long Unit = number_of_unit(__BASE_FILE__)>
using signature_of = either<has_external_types<Type>(), signature<Type>, signature_in<Type, Unit>>;

template <class Declaration, name Name, class Signature>
[[gnu::always_inline]] inline void describe_named() noexcept {
    emit::named<Declaration, &name_text<Name>::value, &signature_of<Signature>::value>();
#if defined(__linux__) && __STDC_HOSTED__
    (void)own();
    emit::note<&own_image, &join_at_load, &leave, &elf_header>();
#endif
}

} // namespace detail
} // namespace inlay
