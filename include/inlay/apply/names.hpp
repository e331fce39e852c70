// SPDX-License-Identifier: BSL-1.0
//
// names: whether the names of an image are well-formed, and their tree, in which changes look names up.
//
//     reader<Platform> from{platform};
//     detail::check_named(from, named);            // from.trouble: what is wrong
//     detail::register_names(tables, platform);
//
// How it works. A name refers to two texts and a cell, and that of a static call to a trampoline. All of them must lie
// in the image. apply() fails for a name that is malformed; a change, which may come before apply(), passes over it.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/decide.hpp"
#include "inlay/error.hpp"
#include "inlay/registry.hpp"
#include "inlay/table.hpp"
#include "inlay/words.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace detail {
inline namespace INLAY_TARGET {

/// Whether a null-terminated string of the image begins at `at`: all of it is readable.
template <class Image>
[[nodiscard]] bool is_text(const Image& image, address at) noexcept {
    while (image.readable(at, 1)) {
        if (*reinterpret_cast<const char*>(at++) == '\0') {
            return true;
        }
    }
    return false;
}

/// Checks that everything that `named` refers to lies in the image.
template <class Platform>
void check_named(reader<Platform>& from, const table::named& named) noexcept {
    const Platform& image = from.image;
    const address cell = named.cell.target();
    const auto require = [&](bool good, const table::reference& at) noexcept {
        if (!good) {
            from.fail(error::reference_outside, at.target());
        }
    };
    require(is_text(image, named.name.target()), named.name);
    require(is_text(image, named.signature.target()), named.signature);
    require(cell % alignof(table::cell) == 0 && image.writable(cell, sizeof(table::cell)), named.cell);
    require(!named.trampoline || image.executable(named.trampoline.target(), 1), named.trampoline);
}

/// Registers the well-formed names of an image.
template <class Platform>
void register_names(const table::tables& tables, const Platform& platform) noexcept {
    if (tables.registry == nullptr || tables.registry->complete != 0) {
        return;
    }
    for (size_t i = 0; i < tables.names.size(); ++i) {
        reader<Platform> from{platform};
        check_named(from, tables.names.records[i]);
        if (from.trouble == error::no_error) {
            register_name(tables.registry->root, tables.names.records[i]);
        }
    }
    tables.registry->complete = 1;
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
