// SPDX-License-Identifier: BSL-1.0
//
// names: the tree of an image's names, in which changes look names up.
//
//     detail::register_names(tables, platform);
//
// How it works. apply() registers each name that it has checked (apply/keys.hpp). A change may come before apply():
// then it registers all names first. apply() fails for a malformed name; a change fails if that is the name to change.
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
        } else {
            tables.registry->complete |= table::registry_malformed;
        }
    }
    tables.registry->complete |= 1U;
}

/// An error if `what` is a name of the image that is not in order, so that it cannot change. Costs nothing if all are.
template <class Platform>
[[nodiscard]] outcome require_name(const table::tables& tables, const Platform& platform,
                                   const table::named& what) noexcept {
    outcome done;
    const auto index = static_cast<size_t>(&what - tables.names.records); // of another image: it has joined
    if ((tables.registry->complete & table::registry_malformed) != 0 && index < tables.names.size()) {
        reader<Platform> from{platform};
        check_named(from, what);
        done.fail(from.trouble, {table_kind::names, static_cast<uint32_t>(index), from.refused}, from.refused);
    }
    return done;
}

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
