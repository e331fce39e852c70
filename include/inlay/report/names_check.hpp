// SPDX-License-Identifier: BSL-1.0
//
// names_check: the errors in the names of an image.
#pragma once

#include "inlay/decide.hpp"
#include "inlay/override.hpp"
#include "inlay/registry.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {
namespace detail {

struct trouble_of_names {
    std::string text{}; ///< empty: none
    std::size_t count{};
};

template <class Image>
[[nodiscard]] trouble_of_names check_names(const table::tables& tables, const Image& image) {
    trouble_of_names result{};
    std::map<std::string_view, const table::named*> known;
    for (std::size_t i = 0; i < tables.names.size(); ++i) {
        const table::named& each = tables.names.records[i];
        reader<Image> from{image};
        inlay::detail::check_named(from, each);
        from.fail(tables.registry == nullptr ? error::reference_outside : error::no_error);
        const std::string_view text = name_at(image, each.name);
        if (from.trouble == error::no_error &&
            !inlay::detail::same_type(*known.emplace(text, &each).first->second, each)) {
            from.fail(error::name_clash);
        }
        if (from.trouble != error::no_error) {
            result.text += (result.text.empty() ? "name " : "; name ") + std::to_string(i) + " \"" + std::string{text} +
                           "\": " + message(from.trouble);
            ++result.count;
        }
    }
    return result;
}

} // namespace detail
} // namespace report
} // namespace inlay
