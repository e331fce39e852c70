// SPDX-License-Identifier: BSL-1.0
//
// featured: what an image that has nothing but an alternative, of a feature of its own, can be asked.
#pragma once

#include <inlay/error.hpp>

namespace [[gnu::visibility("hidden")]] images {

struct featured {
    inlay::error (*apply)(const char*& detail);
    int (*ask)(); ///< 2 where the feature is there, else 1
};

} // namespace images
