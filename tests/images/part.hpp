// SPDX-License-Identifier: BSL-1.0
//
// part: the commands to an image with a site of each kind.
#pragma once

namespace [[gnu::visibility("hidden")]] images {

struct part {
    int (*apply)();         ///< an inlay::error
    int (*set)(int number); ///< sets all shared names to their values for a number from 0 to 3; an inlay::error
    bool (*is)(int number); ///< whether they are
    bool (*is_patched)();
};

} // namespace images
