// SPDX-License-Identifier: BSL-1.0
//
// names: the tree of an image's names, in which changes look names up.
//
//     detail::register_names(tables, platform);
//
// How it works. apply() registers each name that it has checked (apply/keys.hpp). A change may come before apply():
// then it registers all names first. apply() fails for a malformed name; a change passes over it.
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

/// Registers the well-formed names of an image.
template <class Platform>
void register_names(const table::tables& tables, const Platform& platform) noexcept {
    if (tables.registry == nullptr || (tables.registry->complete & 1U) != 0) {
        return;
    }
    for (size_t i = 0; i < tables.names.size(); ++i) {
        reader<Platform> from{platform};
        check_named(from, tables.names.records[i]);
        if (from.trouble == error::no_error) {
            register_name(tables.registry->root, tables.names.records[i]);
        }
    }
    tables.registry->complete |= 1U;
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
