// SPDX-License-Identifier: BSL-1.0
//
// featured: the functions of an image that has only an alternative, with its own feature.
#pragma once

#include <inlay/error.hpp>

namespace [[gnu::visibility("hidden")]] images {

struct featured {
    inlay::error (*apply)(const char*& detail);
    int (*ask)(); ///< 2 where the feature holds, else 1
};

} // namespace images
