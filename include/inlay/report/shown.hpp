// SPDX-License-Identifier: BSL-1.0
//
// shown: addresses as a report shows them.
//
// How it works. Deciding functions work on the memory of this process. An image that runs here is shown at its
// addresses there. An image in a file has its own addresses, and a function that gives them: `address shown(address
// at) const`.
#pragma once

#include "inlay/table.hpp"

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {
namespace detail {

/// Whether an image is not an image of this process.
template <class Image>
inline constexpr bool is_file = requires(const Image& image) { image.shown(address{}); };

template <class Image>
[[nodiscard]] address address_shown(const Image& image, address at) {
    if constexpr (is_file<Image>) {
        return image.shown(at);
    } else {
        return at;
    }
}

} // namespace detail
} // namespace report
} // namespace inlay
