// SPDX-License-Identifier: BSL-1.0
//
// name: the record of a key's or static call's name: whether it is whole in the tables, and the content of its cell.
#pragma once

#include "inlay/decide/reader.hpp"
#include "inlay/layout.hpp"
#include "inlay/name_hash.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

/// Whether a text of the image begins at `at`: all of it is readable, up to the null.
template <class Image>
[[nodiscard]] bool is_text(const Image& image, address at) noexcept {
    while (image.readable(at, 1)) {
        if (*reinterpret_cast<const char*>(at++) == '\0') {
            return true;
        }
    }
    return false;
}

/// Checks all references of `named`, and that its cell is one of its name.
template <class Image>
void check_named(reader<Image>& from, const table::named& named) noexcept {
    constexpr size_t pointer_size = image_target<Image>::pointer_size;
    const Image& image = from.image;
    const address cell = named.cell.target();
    const auto require = [&](bool good, const table::reference& at) noexcept {
        if (!good) {
            from.fail(error::reference_outside, at.target());
        }
    };
    require(is_text(image, named.name.target()), named.name);
    require(is_text(image, named.signature.target()), named.signature);
    require(cell % pointer_size == 0 && image.writable(cell, table::layout<pointer_size>::cell_size), named.cell);
    if (from.trouble == error::no_error &&
        *reinterpret_cast<const uint32_t*>(cell + table::layout<pointer_size>::cell_hash) !=
            hash_of(reinterpret_cast<const char*>(named.name.target()))) {
        from.fail(error::cell_of_another, cell);
    }
    require(!named.trampoline || image.executable(named.trampoline.target(), 1), named.trampoline);
}

/// The value in the cell of `named`: a key's value, or the target of a static call. `named` has been checked. (A key's
/// value is a number, and no address in the image.)
template <class Image>
[[nodiscard]] address value_in(const Image& image, const table::named& named) noexcept {
    const address cell = named.cell.target();
    if (named.trampoline) {
        return pointer_at(image, cell);
    }
    if constexpr (image_target<Image>::pointer_size == sizeof(address)) {
        return *reinterpret_cast<const address*>(cell);
    } else {
        address value = 0; // little endian, in one pointer or less
        for (size_t i = image_target<Image>::pointer_size; i-- > 0;) {
            value = value << 8 | reinterpret_cast<const uint8_t*>(cell)[i];
        }
        return value;
    }
}

/// The kind of a static call's target, from its cell.
template <class Image>
[[nodiscard]] table::call_mode mode_in(const Image& /*image*/, const table::named& named) noexcept {
    return static_cast<table::call_mode>(*reinterpret_cast<const uint8_t*>(
        named.cell.target() + table::layout<image_target<Image>::pointer_size>::cell_mode));
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
